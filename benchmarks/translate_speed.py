"""How fast the translate app trains: beside KerasHub, and as a share of what the machine can."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from apps.harness.optimizer import make_optimizer
from apps.harness.run_folder import RunFolder
from apps.translate.config import Config
from apps.translate.data import TranslationData, prepare
from apps.translate.model import Translator, build
from data.buckets import Position, untuned
from data.tokenizer import END, PAD, START, Tokenizer

from . import kerashub

VOCABULARY, BATCH_TOKENS = 8000, 4096
ROUNDS = 3
OUR_BATCHES, PEER_BATCHES = 20, 80  # about as many tokens
GEMM = 2048
LAYERS, HEADS, HIDDEN_UNITS = 4, 4, 256
"""Of both models; they are the defaults of the app."""
DROPOUT = 0.3


@dataclass(frozen=True)
class Speeds:
    """What was measured, side by side."""

    ours: float
    """Target tokens a second that the app trains on."""
    peer: float
    """The same of KerasHub."""
    share: float
    """Useful floating-point operations a second of our training, by what matrix products alone
    reach."""


def measure() -> Speeds:
    """Trains both on Multi30k, English to German, in turns."""
    model, data = translator()
    peer = kerashub.translator(
        model.vocabulary,
        data.config.data.max_length,
        model.units,
        LAYERS,
        HEADS,
        HIDDEN_UNITS,
        model.dropout,
    )
    pairs = data.split("train")
    source = [[*ids, END] for ids in _ids(data.tokenizer, pairs.source)]
    target = [[START, *ids, END] for ids in _ids(data.tokenizer, pairs.target)]
    batches = data.train.training(Position()).take(OUR_BATCHES)
    contenders = {
        "ours": _training(model, batches),
        "peer": _training(peer, kerashub.batches(source, target, seed=1).take(PEER_BATCHES)),
    }
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    peaks = []
    for train in contenders.values():
        train()  # compiles
    for _ in range(ROUNDS):
        for name, train in contenders.items():
            speeds[name].append(train())
            print(f"{name}: {speeds[name][-1]:,.0f} target tokens/s", flush=True)
        peaks.append(peak())
        print(f"matrix products alone: {peaks[-1] / 1e9:.0f} GFLOP/s", flush=True)
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    lengths = {"source": np.mean(list(map(len, source)))}
    lengths["target"] = np.mean([len(ids) - 1 for ids in target])
    work = operations(model.units, model.vocabulary, LAYERS, HIDDEN_UNITS, lengths)
    of_source, of_target = (sum(work[side].values()) for side in ("source", "target"))
    ratio = lengths["source"] / lengths["target"]
    share = medians["ours"] * (of_target + of_source * ratio) / statistics.median(peaks)
    return Speeds(medians["ours"], medians["peer"], share)


def translator() -> tuple[Translator, TranslationData]:
    """The default model with its optimizer, untrained, and Multi30k.

    No preset is asked, so that what is measured stays the same. Its positions are added to the
    embeddings, as those of the peer are.
    """
    config = Config(
        data={"corpus": "multi30k", "vocabulary": VOCABULARY, "batch_tokens": BATCH_TOKENS},
        model={"dropout": DROPOUT},
    )
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(config, RunFolder(folder))
    model = build(config, data)
    model.compile(make_optimizer(config.train, len(data.train)), jit_compile=False)
    return model, data


def operations(
    units: int, vocabulary: int, layers: int, hidden_units: int, lengths: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Floating-point operations that training on one token takes at least, by side and part.

    Those of matrix products, two for each multiplication and addition, once forward and twice
    backward. What is no matrix product is left out.

    Args:
        lengths: mean number of tokens of "source" and "target".
    """
    square, hidden = 6 * layers * units * units, 6 * layers * 2 * units * hidden_units
    # With each position that a token sees, a product for its score and one for its value.
    position = 6 * layers * 2 * units
    # Of the target, a token sees itself and those before it: half of them, in the mean.
    seen = {"source": lengths["source"], "target": lengths["source"] + lengths["target"] / 2}
    return {
        # Self-attention, and keys and values for the decoder.
        "source": {
            "attention": 6 * square + position * seen["source"],
            "feed_forward": hidden,
        },
        # Self-attention, and queries and outputs of the attention to the source.
        "target": {
            "attention": 6 * square + position * seen["target"],
            "feed_forward": hidden,
            "loss": 6 * units * vocabulary,
        },
    }


def peak() -> float:
    """Floating-point operations a second of a large matrix product, the best of some."""
    matrix = tf.random.normal((GEMM, GEMM))
    best = np.inf
    for _ in range(6):
        started = time.perf_counter()
        tf.matmul(matrix, matrix)  # done when it returns, on a CPU
        best = min(best, time.perf_counter() - started)
    return 2 * GEMM**3 / best


def _training(model: keras.Model, batches: tf.data.Dataset) -> Callable[[], float]:
    """A function that trains on some batches and returns target tokens a second."""
    batches = untuned(batches.cache())
    tokens = sum(int(np.count_nonzero(labels != PAD)) for _, labels in batches.as_numpy_iterator())

    def train() -> float:
        started = time.perf_counter()
        model.fit(batches, verbose=0)
        return tokens / (time.perf_counter() - started)

    return train


def _ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return tokenizer.tokenize(tf.constant(list(texts))).to_list()

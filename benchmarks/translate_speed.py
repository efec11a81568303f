"""How fast the translate app trains: beside KerasHub, and as a share of what the machine can."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from apps.harness.optimizer import make_optimizer
from apps.harness.run_folder import RunFolder
from apps.translate.config import PRESETS, Config
from apps.translate.data import prepare
from apps.translate.model import build
from data.batches import Position
from data.tokenizer import END, PAD, START, Tokenizer

from . import kerashub

VOCABULARY, BATCH_TOKENS = 8000, 4096
ROUNDS = 3
OUR_BATCHES, PEER_BATCHES = 20, 80  # about as many tokens
GEMM = 2048


@dataclass(frozen=True)
class Speeds:
    """What was measured, side by side."""

    ours: float
    """Target tokens a second that the app trains on."""
    peer: float
    """The same of KerasHub."""
    share: float
    """Useful floating-point operations of our training by what matrix products reach alone."""


def measure() -> Speeds:
    """Trains both on Multi30k, English to German, in turns."""
    preset = PRESETS["multi30k"]
    config = Config(
        data={"corpus": "multi30k", "vocabulary": VOCABULARY, "batch_tokens": BATCH_TOKENS},
        model=preset["model"],
        train=preset["train"],
    )
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(config, RunFolder(folder))
    model = build(config, data)
    model.compile(make_optimizer(config.train, len(data.train)), jit_compile=False)
    options = {"layers": 4, "hidden_units": 256}
    peer = kerashub.translator(
        len(data.tokenizer.pieces),
        config.data.max_length,
        config.model.units,
        heads=4,
        dropout=config.model.dropout,
        **options,
    )
    pairs = data.split("train")
    source = [[*ids, END] for ids in _ids(data.tokenizer, pairs.source)]
    target = [[START, *ids, END] for ids in _ids(data.tokenizer, pairs.target)]
    contenders = {
        "ours": _training(model, data.train.training(Position()).take(OUR_BATCHES)),
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
    work = operations(config.model.units, len(data.tokenizer.pieces), **options)
    ratio = sum(map(len, source)) / sum(len(ids) - 1 for ids in target)
    share = medians["ours"] * (work["target"] + work["source"] * ratio) / statistics.median(peaks)
    return Speeds(medians["ours"], medians["peer"], share)


def operations(units: int, vocabulary: int, layers: int, hidden_units: int) -> dict:
    """Floating-point operations that training on one token of each side takes, at least.

    Those of the products with weights, two for each multiplication and addition, once forward and
    twice backward. Attention between positions, a few per cent at this length, is left out, and so
    is all that is no matrix product.
    """
    square, feed_forward = units * units, 2 * units * hidden_units
    # Of a source token: self-attention, and its keys and values for the decoder.
    source = layers * (4 * square + feed_forward + 2 * square)
    target = layers * (4 * square + 2 * square + feed_forward) + units * vocabulary
    return {"source": 6 * source, "target": 6 * target}


def peak() -> float:
    """Floating-point operations a second of a large matrix product, the best of some."""
    matrix = tf.random.normal((GEMM, GEMM))
    best = np.inf
    for _ in range(6):
        started = time.perf_counter()
        tf.matmul(matrix, matrix).numpy()
        best = min(best, time.perf_counter() - started)
    return 2 * GEMM**3 / best


def _training(model: keras.Model, batches: tf.data.Dataset) -> Callable[[], float]:
    """A function that trains on some batches and returns target tokens a second."""
    batches = batches.cache()
    tokens = sum(int(np.count_nonzero(labels != PAD)) for _, labels in batches.as_numpy_iterator())

    def train() -> float:
        started = time.perf_counter()
        model.fit(batches, verbose=0)
        return tokens / (time.perf_counter() - started)

    return train


def _ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return tokenizer.tokenize(tf.constant(list(texts))).to_list()

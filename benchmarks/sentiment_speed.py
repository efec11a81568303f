"""How fast reviews are classified: ours, and a bidirectional LSTM as a user of Keras writes it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from apps.sentiment.config import PRESETS, Config
from apps.sentiment.model import Classifier
from apps.sentiment.predictor import Scorer
from data.buckets import untuned
from data.labelled import load
from data.tokenizer import PAD, Tokenizer

REVIEWS, ROUNDS, BATCH = 512, 9, 32


def measure() -> dict[str, float]:
    """Reviews a second of both, from strings to logits; medians, in turns.

    The reviews are those of the test split of IMDB, or where it is not to be had nothing is
    measured. Both have the preset's tokenizer, width and longest review, and untrained weights.
    The peer pads every batch of 32 to the longest review in it, in the order of the file.
    """
    config = Config(**{name: dict(section) for name, section in PRESETS["imdb"].items()})
    corpus = load("imdb")
    texts = corpus.splits["test"].texts[:REVIEWS]
    tokenizer = Tokenizer.train(corpus.splits["train"].texts[:4000], config.data.vocabulary)
    contenders = {
        "ours": _ours(config, tokenizer, corpus.classes),
        "keras": _peer(config, tokenizer, len(corpus.classes)),
    }
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for classify in contenders.values():
        classify(texts)  # traces
    for _ in range(ROUNDS):
        for name, classify in contenders.items():
            started = time.perf_counter()
            classify(texts)
            speeds[name].append(len(texts) / (time.perf_counter() - started))
            print(f"{name}: {speeds[name][-1]:,.0f} texts/s", flush=True)
    return {name: statistics.median(values) for name, values in speeds.items()}


def _ours(config: Config, tokenizer: Tokenizer, classes: Sequence[str]) -> Callable:
    reader = {"vocabulary": config.data.vocabulary, "memory": "lstm", "units": config.model.units}
    model = Classifier(reader, classes, config.model.pooling)
    model.build()
    return Scorer(config, model, tokenizer)


def _peer(config: Config, tokenizer: Tokenizer, classes: int) -> Callable:
    units = config.model.units
    model = keras.Sequential(
        [
            keras.layers.Embedding(config.data.vocabulary, units, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(units // 2)),
            keras.layers.Dense(classes),
        ]
    )

    def classify(texts):
        ids = tokenizer.tokenize(tf.constant(list(texts)))[:, : config.data.max_length]
        batches = tf.data.Dataset.from_tensor_slices(ids).ragged_batch(BATCH)
        batches = untuned(batches.map(lambda rows: rows.to_tensor(PAD)))
        return np.asarray(model.predict(batches, verbose=0))

    return classify

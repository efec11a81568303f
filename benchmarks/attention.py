"""Measures `MultiHeadAttention`: its train step against that of the layer of Keras.

python -m benchmarks.attention
KERAS_BACKEND=jax python -m benchmarks.attention
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

from layers.attention import MultiHeadAttention

from .record import record_and_show
from .timing import interleaved_medians, train_step

FILE = "attention"
COMMAND = f"python -m benchmarks.{FILE}"
SHAPES = ((32, 64, 256), (8, 512, 256))
HEADS, HEAD_SIZE = 4, 64
VARIANTS = {"": {}, "_dropout": {"dropout": 0.1}}
"""Suffix of a row to the options that both layers get."""


class SelfAttention(keras.layers.Layer):
    """An attention of a sequence to itself, causal, as a layer of one tensor."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def call(self, inputs, training=False):
        """Attend to no later step."""
        return self.attention(inputs, inputs, use_causal_mask=True, training=training)


def main(words: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0]).parse_args(words)
    backend = keras.config.backend()
    ending = "" if backend == "tensorflow" else f"_{backend}"
    for shape in SHAPES:
        inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
        for variant, options in VARIANTS.items():
            started = time.monotonic()
            layers = {
                "keras": keras.layers.MultiHeadAttention(HEADS, HEAD_SIZE, **options),
                "ours": MultiHeadAttention(HEADS, HEAD_SIZE, **options),
            }
            steps = {
                name: train_step(SelfAttention(layer), inputs, xla=False)
                for name, layer in layers.items()
            }
            medians = interleaved_medians(steps, rounds=31)
            speed = medians["keras"] / medians["ours"]
            name = "x".join(map(str, shape))
            what, seconds = (
                f"mha.{name}.speed_vs_keras{variant}{ending}",
                time.monotonic() - started,
            )
            record_and_show(FILE, what, speed, "ratio", COMMAND, seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())

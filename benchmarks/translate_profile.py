"""Where the time of a training step of the translate app goes, and how far that is from a floor."""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from data.buckets import Position
from data.tokenizer import PAD

from . import translate_speed

STEPS, PASSES = 8, 3
PARTS = {
    "optimizer": r"^optimizer/",
    "loss": r"loss/",
    "dropout": r"drop",
    "normalization": r"norm",
    "attention": r"attention",
    "feed_forward": r"feed_forward",
}
"""Part of the step to a pattern of the names of its operations; the first that fits counts."""


@dataclass(frozen=True)
class Part:
    """What one part of the step takes, in milliseconds of wall time."""

    milliseconds: float
    floor: float
    """What its products take at the machine's peak, or its numbers to be read and written once
    where they must be, forward and backward; 0 where there is no such figure."""


def measure() -> dict[str, Part]:
    """What each part of a step takes, and the whole of it."""
    model, data = translate_speed.translator()
    started = time.perf_counter()
    batches = list(data.train.training(Position()).take(STEPS))
    input_milliseconds = 1000 * (time.perf_counter() - started) / STEPS
    step = tf.function(model.train_step, autograph=False, reduce_retracing=True)
    for batch in batches:
        step(batch)
    wall = statistics.median(_pass(step, batches) for _ in range(PASSES))
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for batch in batches:
            step(batch)["loss"].numpy()
        tf.profiler.experimental.stop()
        spent = _spent(Path(folder))
    # Operations run side by side: their sum is more than the wall time, which they share.
    shares = {part: spent[part] / spent.total() for part in (*PARTS, "other")}
    floors = _floors(model, batches)
    parts = {part: Part(wall * share, floors.get(part, 0.0)) for part, share in shares.items()}
    # Batches are made beside the step, by the same cores.
    parts["input"] = Part(input_milliseconds, 0.0)
    return {**parts, "whole": Part(wall, sum(floors.values()))}


def _pass(step, batches) -> float:
    """Milliseconds of a step."""
    started = time.perf_counter()
    for batch in batches:
        step(batch)["loss"].numpy()
    return 1000 * (time.perf_counter() - started) / len(batches)


def _spent(folder: Path) -> Counter:
    """Time of the operations of each part."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    [file] = folder.rglob("*.xplane.pb")
    space.ParseFromString(file.read_bytes())
    spent: Counter = Counter()
    for plane in space.planes:
        for line in plane.lines if "CPU" in plane.name else ():
            for event in line.events:
                name, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
                if name and re.fullmatch(r"_?[A-Z]\w*", kind) and ":" not in name:
                    spent[_part(name)] += event.duration_ps
    return spent


def _part(name: str) -> str:
    return next((part for part, words in PARTS.items() if re.search(words, name)), "other")


def _floors(model, batches) -> dict[str, float]:
    """Milliseconds that the mean batch takes at least, by part."""
    real = {
        "source": np.mean([np.count_nonzero(inputs["source"] != PAD) for inputs, _ in batches]),
        "target": np.mean([np.count_nonzero(labels != PAD) for _, labels in batches]),
    }
    layers, units = translate_speed.LAYERS, model.units
    rows = np.mean([len(labels) for _, labels in batches])
    lengths = {side: count / rows for side, count in real.items()}
    products = translate_speed.operations(
        units, model.vocabulary, layers, translate_speed.HIDDEN_UNITS, lengths
    )
    peak = statistics.median(translate_speed.peak() for _ in range(3)) / 1000
    floors = {
        part: sum(of_side.get(part, 0) * real[side] for side, of_side in products.items()) / peak
        for part in ("attention", "feed_forward", "loss")
    }
    # float32: read and write once forward, read the gradient and write one backward; a
    # normalization reads its inputs again. Adam reads weight, gradient and two moments, and
    # writes all but the gradient.
    second = _bandwidth() / 1000
    features = 4 * units
    inputs = real["source"] + real["target"]
    blocks = layers * (2 * real["source"] + 3 * real["target"])
    floors["dropout"] = 4 * features * (blocks + inputs) / second
    floors["normalization"] = 5 * features * (blocks + inputs) / second
    floors["optimizer"] = 7 * 4 * model.count_params() / second
    return floors


def _bandwidth() -> float:
    """Bytes a second that are read and written when a tensor too large for the cache is copied."""
    tensor = tf.zeros((64 * 2**20,))
    rates = []
    for _ in range(6):
        started = time.perf_counter()
        tf.negative(tensor)  # done when it returns, on a CPU
        rates.append(2 * 4 * len(tensor) / (time.perf_counter() - started))
    return max(rates)

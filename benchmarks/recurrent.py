"""Measures the recurrent cells: a train step of each against that of `keras.layers.LSTM`.

python -m benchmarks.recurrent                  everything, half an hour
python -m benchmarks.recurrent --parts speed    the ratios alone
KERAS_BACKEND=jax python -m benchmarks.recurrent
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

from apps.harness.provenance import ROOT, hardware
from layers import recurrent
from layers.recurrent import Recurrent

from .record import RESULTS, record_and_show
from .recurrent_plot import draw_lengths
from .timing import interleaved_medians, train_step

FILE, LENGTHS_FILE = "recurrent", "recurrent_lengths"
STOCK, STOCK_LONG = "keras_lstm", "keras_lstm_512"
SHAPES = ((32, 64, 256), (64, 100, 128))
LONG_SHAPES = ((32, 512, 256), (64, 512, 128))
LENGTHS = (64, 128, 256, 512, 1024, 2048)
LENGTHS_BATCH, LENGTHS_UNITS = 16, 128

CELLS: Mapping[str, Callable[[int], keras.layers.Layer]] = {
    "lstm": recurrent.LSTMCell,
    "peephole": recurrent.PeepholeLSTMCell,
    "coupled": recurrent.CoupledLSTMCell,
    "projected": lambda units: recurrent.ProjectedLSTMCell(units, units // 2),
    "layer_norm": recurrent.LayerNormLSTMCell,
    "multiplicative": recurrent.MultiplicativeLSTMCell,
    "nas": recurrent.NASCell,
    "ablated": lambda units: recurrent.AblatedLSTMCell(units, "full_gate_recurrence"),
    "slstm": lambda units: recurrent.SLSTMCell(units, heads=4),
    "gru": keras.layers.GRUCell,
    "rnn": keras.layers.SimpleRNNCell,
}
LONG_CELLS: Mapping[str, Callable[[int], keras.layers.Layer]] = {
    "min_lstm": recurrent.MinLSTMCell,
    "min_gru": recurrent.MinGRUCell,
    # Twice the units give the number of weights that an LSTM has.
    "mlstm": lambda units: recurrent.MLSTMCell(2 * units, heads=4),
}
"""The cells that run a sequence in parallel, and are measured where that counts."""


def make(name: str, units: int) -> keras.layers.Layer:
    """The layer that is measured: all outputs of a sequence."""
    if name in (STOCK, STOCK_LONG):
        return keras.layers.LSTM(units, return_sequences=True)
    return Recurrent({**CELLS, **LONG_CELLS}[name](units), return_sequences=True)


def modes() -> dict[str, bool]:
    """Suffix of a row to whether the step is compiled by XLA, on this backend."""
    if keras.config.backend() == "jax":
        import jax

        return {"ratio_jax" if jax.default_backend() == "cpu" else "ratio_jax_gpu": True}
    return {"ratio": False, "ratio_xla": True}


def speed(cells: Sequence[str], command: str) -> None:
    """Records the ratio of each cell's train step to the stock layer's, in each mode."""
    for metric, xla in modes().items():
        for known, shapes in ((CELLS, SHAPES), (LONG_CELLS, LONG_SHAPES)):
            chosen = [name for name in known if name in cells]
            if chosen:
                started = time.monotonic()
                ratios = {name: [] for name in chosen}
                for shape in shapes:
                    for name, ratio in compare(chosen, shape, xla).items():
                        ratios[name].append(ratio)
                seconds = (time.monotonic() - started) / len(chosen)
                for name, values in ratios.items():
                    value = float(np.exp(np.mean(np.log(values))))
                    record_and_show(FILE, f"{name}.{metric}", value, "ratio", command, seconds)


def compare(names: Sequence[str], shape: Sequence[int], xla: bool) -> dict[str, float]:
    """The ratio of each cell's time to the stock layer's, on one shape, in one run."""
    batch, time_steps, units = shape
    inputs = np.random.default_rng(0).normal(size=(batch, time_steps, units)).astype("float32")
    steps = {name: train_step(make(name, units), inputs, xla) for name in (STOCK, *names)}
    medians = interleaved_medians(steps)
    for name, seconds in medians.items():
        ratio = seconds / medians[STOCK]
        print(
            f"{batch}x{time_steps}x{units}  {'XLA  ' if xla else 'graph'}  {name:15}"
            f"{seconds * 1e3:9.1f} ms {ratio:6.2f}",
            flush=True,
        )
    return {name: medians[name] / medians[STOCK] for name in names}


def lengths(cells: Sequence[str], command: str) -> None:
    """Records and plots the time of a train step against the length of the sequence."""
    curves: dict[str, list[float]] = {name: [] for name in (STOCK, *cells)}
    for length in LENGTHS:
        started = time.monotonic()
        shape = (LENGTHS_BATCH, length, LENGTHS_UNITS)
        inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
        steps = {name: train_step(make(name, shape[-1]), inputs, False) for name in curves}
        medians = interleaved_medians(steps, rounds=5)
        seconds = (time.monotonic() - started) / len(curves)
        for name, median in medians.items():
            curves[name].append(median * 1e3)
            record_and_show(
                LENGTHS_FILE, f"{name}.ms_{length}", median * 1e3, "ms", command, seconds
            )
    title = f"Train step, batch {LENGTHS_BATCH}, {LENGTHS_UNITS} units; {hardware()}"
    draw_lengths(LENGTHS, curves, title).savefig(RESULTS / f"{LENGTHS_FILE}.png")


def memory(cells: Sequence[str], command: str) -> None:
    """Records what a train step adds to the memory of a process of its own, at its peak."""
    for name in (STOCK, STOCK_LONG, *cells):
        started = time.monotonic()
        words = [sys.executable, "-m", "benchmarks.recurrent", "--peak-of", name]
        run = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        value = json.loads(run.stdout.splitlines()[-1])
        seconds = time.monotonic() - started
        record_and_show(FILE, f"{name}.peak_megabytes", value, "MB", command, seconds)


def peak_of(name: str) -> float:
    """How many megabytes of memory three train steps add to this process, at the peak."""
    long = name == STOCK_LONG or name in LONG_CELLS
    batch, time_steps, units = LONG_SHAPES[0] if long else SHAPES[0]
    inputs = np.random.default_rng(0).normal(size=(batch, time_steps, units)).astype("float32")
    # A first step of a tiny layer loads what every step needs.
    train_step(make(STOCK, 2), inputs[:2, :2], False)()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = train_step(make(name, units), inputs, False)
    for _ in range(3):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


# Memory first: the peak of a process is at least that of the one that started it, as it was then.
PARTS = {"memory": memory, "speed": speed, "lengths": lengths}


def main(words: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recurrent", description=__doc__.splitlines()[0]
    )
    # What the others measure, TensorFlow does; on JAX they would take the place of its rows.
    here = ["speed"] if keras.config.backend() == "jax" else list(PARTS)
    parser.add_argument("--parts", nargs="+", choices=here, default=here)
    names = [*CELLS, *LONG_CELLS]
    parser.add_argument("--cells", nargs="+", choices=names, default=names)
    parser.add_argument("--peak-of", choices=[STOCK, STOCK_LONG, *names], help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.peak_of:
        print(json.dumps(peak_of(arguments.peak_of)))
        return 0
    command = "python -m benchmarks.recurrent"
    if keras.config.backend() == "jax":
        command = f"KERAS_BACKEND=jax {command}"
    if arguments.cells != names:
        command += f" --cells {' '.join(arguments.cells)}"
    for part in [part for part in PARTS if part in arguments.parts]:
        PARTS[part](arguments.cells, f"{command} --parts {part}" if len(here) > 1 else command)
    return 0


if __name__ == "__main__":
    sys.exit(main())

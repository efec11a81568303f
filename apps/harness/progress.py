"""What the terminal shows of training: one line an epoch."""

import math
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

import keras

from .logs import ITEMS, Pace, scalars

WIDTH = 79
"""The most columns of a line: one less than a terminal has, so that no line ever wraps."""

BAR = 14
REFRESH_SECONDS = 0.2

FIRST = ("loss", "perplexity", "accuracy")
SILENT = (ITEMS, "nll", "log_loss", "learning_rate", "gradient_norm")
"""Logs that are for TensorBoard alone: the terminal has no room for all."""
MOST = 3
"""Metrics of training, and of validation, that a line has room for."""

SHORT = {"perplexity": "ppl", "accuracy": "acc"}


class Progress(keras.callbacks.Callback):
    """Prints a table with a line an epoch; on a terminal, a bar below it while an epoch runs.

    To a file or a pipe only the finished lines are written. For `fit(verbose=0)`.

    Args:
        epochs: the epochs asked for, of which one `fit` may do a part.
        unit: what the log `items` counts, in the plural.
        steps: batches in an epoch; None if the first epoch will tell.
        done: batches of the first epoch that an earlier process has trained already.
        stream: where to print; None is the standard output.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        epochs: int,
        unit: str = "tokens",
        steps: int | None = None,
        done: int = 0,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ):
        super().__init__()
        self._epochs = epochs
        self._speed = f"{unit}/s"
        self._steps = steps
        self._skipped = done
        self._stream = stream or sys.stdout
        self._clock = clock
        self._live = self._stream.isatty()
        self._marks = _marks(self._stream)
        self._pace = Pace(clock)
        self._columns: list[str] = []
        self._drawn = 0.0
        self._tracing: float | None = None
        self._epoch: int | None = None
        self._epoch_seconds: list[float] = []

    def on_epoch_begin(self, epoch, logs=None):
        if self._epoch_seconds:
            # What other callbacks did since the line was printed belongs to that epoch.
            self._epoch_seconds[-1] = self._whole_epoch()
            self._skipped, self._tracing = 0, 0.0
        self._epoch, self._batch = epoch, self._skipped
        self._steps = self._steps or self.params.get("steps")
        self._pace.begin()
        self._started = self._clock()

    def on_train_batch_end(self, batch, logs=None):
        if self._tracing is None:  # The first batch of the process holds the tracing of the step.
            self._tracing, self._traced = self._clock() - self._started, batch + 1
        self._batch = self._skipped + batch + 1
        self._pace.batch(lambda: scalars(logs).get(ITEMS, 0.0))
        if self._live and self._clock() - self._drawn >= REFRESH_SECONDS:
            self._show(self._running(scalars(logs)))

    def on_test_begin(self, logs=None):
        self._pace.end()
        if self._epoch is not None:
            self._show(f"{self._position()}  validating")

    def on_epoch_end(self, epoch, logs=None):
        self._pace.end()
        self._steps = self._batch
        self._epoch_seconds.append(self._whole_epoch())
        logs = scalars(logs)
        if not self._columns:
            validation = [f"val_{name}" for name in _shown(logs, "val_")]
            self._columns = _shown(logs) + validation
            self._print(self._line(self._headings()))
        self._print(self._line(self._cells(logs)))

    def on_train_end(self, logs=None):
        self._show("")
        self._epoch = None

    def _whole_epoch(self) -> float | None:
        """Seconds that the epoch takes until now, as if none of it were skipped or tracing."""
        training, batches = self._pace.seconds, self._batch - self._skipped
        afterwards = self._clock() - self._started - training
        if self._tracing and batches > self._traced:
            training, batches = training - self._tracing, batches - self._traced
        elif self._tracing and self._batch < (self._steps or math.inf):
            return None
        return training * self._batch / max(batches, 1) + afterwards

    def _remaining(self) -> float | None:
        """Seconds to the end of the last epoch, as it looks; None if there is no telling yet."""
        known = self._epoch_seconds
        whole = sum(known) / len(known) if known else self._whole_epoch()
        if not self._steps or whole is None:
            return None
        share = self._batch / self._steps
        if not known:
            whole /= share
        return max(self._epochs - self._epoch - share, 0.0) * whole

    def _running(self, logs: Mapping[str, float]) -> str:
        share = self._batch / self._steps if self._steps else None
        bar = f"batch {self._batch}" if share is None else _bar(share, self._marks)
        parts = [self._position(), bar]
        parts += [f"{SHORT.get(name, name)} {_number(name, logs[name])}" for name in _shown(logs)]
        ends = []
        if (rate := self._pace.rate(logs.get(ITEMS, 0.0))) is not None:
            ends.append(f"{rate:,.0f} {self._speed}")
        if (left := self._remaining()) is not None:
            ends.append(f"{_duration(left)} left")
        width = min(WIDTH, shutil.get_terminal_size().columns - 1)
        while len("  ".join(parts + ends)) > width and len(parts) > 1:
            parts.pop()
        return "  ".join(parts + ends)[:width]

    def _position(self) -> str:
        epochs = str(self._epochs)
        return f"{self._epoch + 1}/{epochs}".rjust(max(2 * len(epochs) + 1, len("epoch")))

    def _headings(self) -> list[str]:
        metrics = []
        for column in self._columns:
            name = column.removeprefix("val_")
            metrics.append(("val " if name != column else "") + SHORT.get(name, name))
        return ["epoch".rjust(len(self._position())), *metrics, self._speed, "time", "left"]

    def _cells(self, logs: Mapping[str, float]) -> list[str]:
        metrics = [
            _number(column, logs[column]) if column in logs else "-" for column in self._columns
        ]
        rate, left = self._pace.rate(logs.get(ITEMS, 0.0)), self._remaining()
        return [
            self._position(),
            *metrics,
            "-" if rate is None else f"{rate:,.0f}",
            _duration(self._clock() - self._started),
            "-" if left is None else _duration(left),
        ]

    def _line(self, cells: list[str]) -> str:
        widths = [len(self._position()), *(max(len(name), 6) for name in self._headings()[1:])]
        return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))

    def _print(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}\n" if self._live else f"{line}\n")
        self._stream.flush()

    def _show(self, line: str) -> None:
        """Replaces the line below the table."""
        if self._live:
            self._drawn = self._clock()
            self._stream.write(f"\r\x1b[K{line}")
            self._stream.flush()


def _shown(logs: Mapping[str, float], prefix: str = "") -> list[str]:
    """Names of the metrics a line shows, without the prefix, the best known first."""
    names = [name.removeprefix(prefix) for name in logs if name.startswith(prefix)]
    others = [
        name
        for name in names
        if name not in FIRST and name not in SILENT and not name.startswith("val_")
    ]
    return [*(name for name in FIRST if name in names), *others][:MOST]


def _number(name: str, value: float) -> str:
    if name.endswith("accuracy"):
        return f"{100 * value:.1f}%"
    size = abs(value)
    if size >= 1e5:
        return f"{value:.0e}"
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0}f}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _bar(share: float, marks: str) -> str:
    full = min(int(share * BAR), BAR)
    return f"{marks[0] * full}{marks[1] * (BAR - full)} {min(share, 1.0):4.0%}"


def _marks(stream: TextIO) -> str:
    try:
        "━─".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#-"
    return "━─"

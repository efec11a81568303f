"""Reading what `fit` hands to its callbacks."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

ITEMS = "items"
"""The log that counts what was seen of the epoch so far."""


def scalars(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """Logs as plain numbers, with `perplexity` beside every `nll`.

    A log of several numbers, such as a score for each class, becomes `name_0`, `name_1`, ...

    Args:
        logs: name to number, array or tensor.
    """
    found: dict[str, float] = {}
    for name, value in (logs or {}).items():
        numbers = np.asarray(keras.ops.convert_to_numpy(value), "float64").ravel()
        if numbers.size == 1:
            found[name] = float(numbers[0])
        else:
            found.update({f"{name}_{i}": float(number) for i, number in enumerate(numbers)})
    for prefix in ("", "val_"):
        if prefix + "nll" in found:
            found[prefix + "perplexity"] = perplexity(found[prefix + "nll"])
    return found


def perplexity(nll: float) -> float:
    """The exponential of a mean negative log-likelihood, infinite where it overflows."""
    try:
        return math.exp(nll)
    except OverflowError:
        return math.inf


class Pace:
    """How long a pass over data takes, and how many items a second it sees.

    The first batch of a process is left out of the speed (not of the seconds): it holds the
    tracing of the step, and after a resume `items` may begin anywhere.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter):
        self._clock = clock
        self._warm = False
        self.begin()

    def begin(self) -> None:
        """A pass begins."""
        self._start = self._clock()
        self._end = None
        self._base = (0.0, self._start)

    def batch(self, items: Callable[[], float]) -> None:
        """A batch is done; `items()` tells how many of the pass were seen, if that is needed."""
        if not self._warm:
            self._warm = True
            self._base = (items(), self._clock())

    def end(self) -> None:
        """The pass is over; a second call changes nothing."""
        if self._end is None:
            self._end = self._clock()

    @property
    def seconds(self) -> float:
        """Since the pass began, until it ended."""
        return (self._clock() if self._end is None else self._end) - self._start

    def rate(self, items: float) -> float | None:
        """Items a second when `items` of the pass have been seen; None if there is no telling."""
        seen, since = self._base
        if items <= seen:
            if self._end is None:
                return None
            seen, since = 0.0, self._start  # One batch in all: its tracing cannot be left out.
        seconds = self._start + self.seconds - since
        return (items - seen) / seconds if items > 0 and seconds > 0 else None

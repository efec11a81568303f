"""How often TensorFlow traced the functions of this process: each time costs seconds."""

from collections import Counter

import keras

_traced: Counter[str] = Counter()


def note(function: str) -> None:
    """Counts a trace of `function`; called in its body, whose Python runs when it is traced."""
    _traced[function] += 1


class Traces(keras.callbacks.Callback):
    """Tells what was traced since it was made, and what of it in epochs after the first.

    A graph that is traced there means a shape or a type that training did not expect. XLA compiles
    a training step once more for each shape, which is no trace and is not counted; as every epoch
    has the same shapes, the first compiles all. A search that XLA compiles is traced, and counted,
    for each shape.
    """

    def __init__(self):
        super().__init__()
        self._before = Counter(_traced)
        self._early: Counter[str] | None = None
        self._end: Counter[str] = Counter()

    def on_epoch_end(self, epoch, logs=None):
        if self._early is None:
            self._early = Counter(_traced)

    def on_train_end(self, logs=None):
        self._end = Counter(_traced)

    def __str__(self) -> str:
        sentence = f"Graphs traced: {_listed(_traced - self._before)}"
        if self._early is not None:
            sentence += f"; in epochs after the first {_listed(self._end - self._early)}"
        return sentence + "."


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{function} {count}" for function, count in counts.items()) or "none"

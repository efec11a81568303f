"""Random choices that are the same everywhere, for text that is drawn."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """A stream of choices that depends on the seed alone, on every Python."""

    def __init__(self, seed: str):
        # random() is the one method whose sequence Python promises to keep.
        self._random = Random(seed).random

    def chance(self, share: float) -> bool:
        return self._random() < share

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self._random() * len(choices))]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        return sorted(values, key=lambda _: self._random())

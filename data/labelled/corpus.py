"""What a labelled corpus is once it is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Examples:
    """Texts and their labels, in the same order.

    Raises:
        ValueError: the two lists differ in length.
    """

    texts: list[str]
    labels: list[int]

    def __post_init__(self):
        if len(self.texts) != len(self.labels):
            raise ValueError(f"{len(self.texts)} texts cannot pair with {len(self.labels)} labels.")

    def __len__(self) -> int:
        return len(self.texts)

    def chosen(self, places: Iterable[int]) -> "Examples":
        """Those at these places, in this order."""
        places = list(places)
        return Examples([self.texts[at] for at in places], [self.labels[at] for at in places])


@dataclass(frozen=True)
class LabelledCorpus:
    """A corpus of texts that each have one class.

    Attributes:
        name: the name it was asked for.
        classes: the names of the classes; a label is an index into them.
        splits: `Examples` under "train", "validation" and "test".
        title, licence, url: what it is, what its publisher allows, where it is described.
        notes: sentences worth printing, such as what was held out.
    """

    name: str
    classes: tuple[str, ...]
    splits: Mapping[str, Examples]
    title: str
    licence: str
    url: str
    notes: tuple[str, ...] = ()

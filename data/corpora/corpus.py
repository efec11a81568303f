"""What a corpus is once it is read, and what a reader of one has to offer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from data.corpora.options import FilesOptions

SPLITS = ("train", "validation", "test")

Check = Callable[[Sequence[str], Sequence[str], Sequence[str]], float]


@dataclass(frozen=True)
class Pairs:
    """Sentences and their translations, in the same order.

    Raises:
        ValueError: the two lists differ in length.
    """

    source: list[str]
    target: list[str]

    def __post_init__(self):
        if len(self.source) != len(self.target):
            raise ValueError(
                f"{len(self.source)} source sentences cannot pair with {len(self.target)} targets."
            )

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> "Pairs":
        """Makes the two lists from a list of (source, target)."""
        return cls([source for source, _ in pairs], [target for _, target in pairs])


@dataclass(frozen=True)
class Corpus:
    """A corpus, read in one direction.

    Attributes:
        name: the name it was asked for.
        source, target: language codes ("en", "de", ...).
        splits: `Pairs` under "train", "validation" and "test".
        title, licence, url: what it is, what its publisher allows, where it is described.
        notes: sentences worth printing, such as what was left out.
        checks: further metrics that only this corpus can compute, by name; each takes
            (sources, references, hypotheses) and returns a number.
    """

    name: str
    source: str
    target: str
    splits: Mapping[str, Pairs]
    title: str
    licence: str
    url: str
    notes: tuple[str, ...] = ()
    checks: Mapping[str, Check] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What a reader is asked for: a direction, where local copies lie, and the user's files."""

    source: str
    target: str
    data_dir: str | None
    files: FilesOptions


@dataclass(frozen=True)
class Reader:
    """A corpus that can be asked for by name: the one thing a corpus file has to define.

    Attributes:
        name: the name users type.
        directions: the (source, target) language codes it can be read in; empty means any.
        read: makes the `Corpus`; called only with a direction from `directions`.
    """

    name: str
    directions: tuple[tuple[str, str], ...]
    read: Callable[[Request], Corpus]

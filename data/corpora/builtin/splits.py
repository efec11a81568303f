"""Which items train, which validate and which test: combinations are held out, not sentences.

A combination is a verb with its subject, object or place, an adjective with its noun, or a
continuation with the noun that "it" stands for. A fixed share of all combinations is seen only in
the test set and another only in validation (or test), whatever the sentence around them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from . import main_clauses, subordinate
from .draw import Draft, Draw
from .lexicon import Noun
from .pronouns import CONTINUATIONS, Continuation, classes, draw_first, draw_second

SPLITS = ("train", "validation", "test")
TRAIN_PER_WEIGHT = 36  # single sentences that a template of weight 1 gives to train
SINGLES = {"validation": 300, "test": 372}
PRONOUN_USES = {"train": 7, "validation": 2, "test": 2}
SEEN_AT_LEAST = 8  # times that a word of validation or test is in train, on its side
_HELD_OUT_PERCENT = {"test": 6, "validation": 4}

TEMPLATES = {**main_clauses.TEMPLATES, **subordinate.TEMPLATES}


@dataclass(frozen=True)
class Item:
    """One pair; `first` is the sentence before, in both languages, for the pronoun items."""

    template: str
    split: str
    source: str
    target: str
    combinations: tuple[tuple[str, ...], ...]
    first: tuple[str, str] | None = None
    gender: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """The whole pair, the first sentence included."""
        if self.first is None:
            return self.source, self.target
        return f"{self.first[0]} {self.source}", f"{self.first[1]} {self.target}"


@lru_cache(maxsize=None)
def split_of_combination(combination: tuple[str, ...]) -> str:
    """Where a combination may be seen first: "train" allows every split."""
    number = crc32(" ".join(combination).encode()) % 100
    if number < _HELD_OUT_PERCENT["test"]:
        return "test"
    return "validation" if number < sum(_HELD_OUT_PERCENT.values()) else "train"


def _split_of(draft: Draft) -> str:
    found = {split_of_combination(combination) for combination in draft.combinations}
    return next(split for split in reversed(SPLITS) if split in found or split == "train")


def held_out_nouns(continuation: Continuation) -> dict[str, tuple[Noun, ...]]:
    """The nouns of a continuation by split: as many of each gender in every split."""
    place = CONTINUATIONS.index(continuation)
    result: dict[str, tuple[Noun, ...]] = {split: () for split in SPLITS}
    for offset, same_gender in enumerate(classes()[continuation.kind].values()):
        size = len(same_gender)
        test = (place + offset) % size
        validation = (place + 2 * offset + 1) % size if place % 2 else None
        validation = (test + 1) % size if validation == test else validation
        for number, noun in enumerate(same_gender):
            split = {test: "test", validation: "validation"}.get(number, "train")
            result[split] += (noun,)
    return result


def _pronoun_items() -> Iterator[Item]:
    seen = set()
    for continuation in CONTINUATIONS:
        for split, nouns in held_out_nouns(continuation).items():
            draw = Draw(f"{continuation.kind} {continuation.name} {split}")
            for number in range(PRONOUN_USES[split]):
                second = draw_second(draw, continuation, number)
                for noun in nouns:
                    first = draw_first(draw, second, noun)
                    while first in seen:
                        first = draw_first(draw, second, noun)
                    seen.add(first)
                    yield Item(
                        f"pronoun {continuation.kind}", split, *second.write(noun),
                        (("it", noun.english, f"{continuation.kind} {continuation.name}"),),
                        first, noun.gender,
                    )


def _single_items() -> dict[str, list[Item]]:
    """Sentences of every template; those of validation and test are more than are wanted."""
    result: dict[str, list[Item]] = {split: [] for split in SPLITS}
    sources, targets = set(), set()
    for template, weight in TEMPLATES.items():
        draw = Draw(template.__name__)
        wanted = weight * TRAIN_PER_WEIGHT
        while wanted:
            drawn = template(draw)
            if drawn.source in sources or drawn.target in targets:
                continue
            split = _split_of(drawn)
            sources.add(drawn.source)
            targets.add(drawn.target)
            result[split].append(
                Item(template.__name__, split, drawn.source, drawn.target, drawn.combinations)
            )
            wanted -= split == "train"
    return result


def _known(items: list[Item], train: list[Item]) -> list[Item]:
    """The items all of whose words are in train often enough."""
    counts = [Counter(), Counter()]
    for item in train:
        for count, text in zip(counts, item.pair):
            count.update(words(text))
    return [
        item for item in items
        if all(count[word] >= SEEN_AT_LEAST
               for count, text in zip(counts, item.pair) for word in words(text))
    ]


def words(text: str) -> list[str]:
    """The lower-cased words of a text without its punctuation."""
    return text.lower().replace(".", "").replace(",", "").replace("?", "").split()


@lru_cache(maxsize=1)
def items() -> dict[str, tuple[Item, ...]]:
    """The whole corpus by split, in an order that mixes the templates."""
    singles = _single_items()
    pronouns: dict[str, list[Item]] = {split: [] for split in SPLITS}
    for item in _pronoun_items():
        pronouns[item.split].append(item)
    train = singles["train"] + pronouns["train"]
    result = {}
    for split in SPLITS:
        draw = Draw(split)
        chosen = singles[split]
        if split != "train":
            chosen = _fairly(draw.shuffled(_known(chosen, train)))[: SINGLES[split]]
        result[split] = tuple(draw.shuffled(chosen + pronouns[split]))
    return result


def _fairly(items: list[Item]) -> list[Item]:
    """One item of every template, then a second of every template, and so on."""
    rank, seen = [], Counter()
    for item in items:
        rank.append(seen[item.template])
        seen[item.template] += 1
    return [item for _, item in sorted(zip(rank, items), key=lambda entry: entry[0])]

"""Which items train, which validate and which test: combinations are held out, not sentences.

A combination is a verb with its subject, object or place, an adjective with its noun, or a
continuation with the noun that "it" stands for. A fixed share of all combinations is seen only in
the test set and another only in validation (or test), whatever the sentence around them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from zlib import crc32

from . import main_clauses, subordinate
from .draw import Draft, Draw
from .lexicon import NAMES, NOUNS, Noun
from .pronouns import (
    CONTINUATIONS,
    Continuation,
    Second,
    classes,
    draw_first,
    draw_second,
)

SPLITS = ("train", "validation", "test")
TRAIN_PER_WEIGHT = 36  # single sentences that a template of weight 1 gives to train
SINGLES = {"validation": 300, "test": 372}
PRONOUN_USES = {"train": 7, "validation": 2, "test": 2}
SEEN_AT_LEAST = 8  # times that a word of validation or test is in train, on its side
_TRIES = 1000  # draws before an item is given up
_HELD_OUT_PERCENT = {"test": 6, "validation": 4}

TEMPLATES = {**main_clauses.TEMPLATES, **subordinate.TEMPLATES}
_NO_PUNCTUATION = str.maketrans("", "", ".,?")

# Every form of a noun and every name, by what it names.
_NAMED = {form: noun for noun in NOUNS for form in (noun.english, noun.english_plural)}
_NAMED.update((name.lower(), name) for name in NAMES)


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


@cache
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
    result: dict[str, tuple[Noun, ...]] = dict.fromkeys(SPLITS, ())
    for offset, same_gender in enumerate(classes()[continuation.kind].values()):
        size = len(same_gender)
        test = (place + offset) % size
        validation = (place + 2 * offset + 1) % size if place % 2 else None
        validation = (test + 1) % size if validation == test else validation
        for number, noun in enumerate(same_gender):
            split = {test: "test", validation: "validation"}.get(number, "train")
            result[split] += (noun,)
    return result


class Vocabulary:
    """The words that items have often enough, by side; without items, every word."""

    def __init__(self, items: list[Item] | None = None):
        self._known = None
        if items is not None:
            counts = [Counter(w for item in items for w in words(item.pair[i])) for i in (0, 1)]
            self._known = [{w for w, seen in c.items() if seen >= SEEN_AT_LEAST} for c in counts]

    def covers(self, pair: tuple[str, str]) -> bool:
        """Whether all words of both sides are known."""
        return self._known is None or all(
            known.issuperset(words(text)) for known, text in zip(self._known, pair, strict=True)
        )


def _pronoun_items(split: str, vocabulary: Vocabulary, seen: set) -> Iterator[Item]:
    """The pronoun items of a split, whose first sentences are not in `seen` and go into it."""
    for continuation in CONTINUATIONS:
        draw = Draw(f"{continuation.kind} {continuation.name} {split}")
        nouns = held_out_nouns(continuation)[split]
        combination = f"{continuation.kind} {continuation.name}"
        for number in range(PRONOUN_USES[split]):
            second = _draw_second(draw, continuation, number, nouns, vocabulary)
            for noun in nouns:
                pair = second.write(noun)
                first = _draw_first(draw, second, noun, pair[0], vocabulary, seen)
                seen.add(first)
                yield Item(
                    f"pronoun {continuation.kind}",
                    split,
                    *pair,
                    (("it", noun.english, combination),),
                    first,
                    noun.gender,
                )


def _draw_second(draw, continuation, number, nouns, vocabulary: Vocabulary) -> Second:
    for _ in range(_TRIES):
        second = draw_second(draw, continuation, number)
        if all(vocabulary.covers(second.write(noun)) for noun in nouns):
            return second
    raise ValueError(f"Train has too few sentences with the words of {continuation.name!r}.")


def _draw_first(draw, second, noun, following, vocabulary: Vocabulary, seen) -> tuple[str, str]:
    for _ in range(_TRIES):
        first = draw_first(draw, second, noun)
        repeated = _repeats(f"{first[0]} {following}")
        if first not in seen and not repeated and vocabulary.covers(first):
            return first
    raise ValueError(f"There are too few first sentences about {noun.english!r}.")


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
            if drawn.ambiguous or _repeats(drawn.source):
                continue
            split = _split_of(drawn)
            sources.add(drawn.source)
            targets.add(drawn.target)
            result[split].append(
                Item(template.__name__, split, drawn.source, drawn.target, drawn.combinations)
            )
            wanted -= split == "train"
    return result


def _repeats(source: str) -> bool:
    """Whether a noun or a name stands in the sentence twice."""
    found = [_NAMED[word] for word in words(source) if word in _NAMED]
    return len(set(found)) < len(found)


def words(text: str) -> list[str]:
    """The lower-cased words of a text without its punctuation."""
    return text.lower().translate(_NO_PUNCTUATION).split()


@lru_cache(maxsize=1)
def items() -> dict[str, tuple[Item, ...]]:
    """The whole corpus by split, in an order that mixes the templates."""
    chosen = _single_items()
    vocabulary, seen = Vocabulary(), set()
    for split in SPLITS:
        draw = Draw(split)
        if split != "train":
            known = [item for item in chosen[split] if vocabulary.covers(item.pair)]
            chosen[split] = _fairly(draw.shuffled(known))[: SINGLES[split]]
        chosen[split] = draw.shuffled(chosen[split] + [*_pronoun_items(split, vocabulary, seen)])
        if split == "train":
            vocabulary = Vocabulary(chosen[split])
    return {split: tuple(found) for split, found in chosen.items()}


def _fairly(items: list[Item]) -> list[Item]:
    """One item of every template, then a second of every template, and so on."""
    seen: Counter[str] = Counter()
    ranked = []
    for item in items:
        ranked.append((seen[item.template], item))
        seen[item.template] += 1
    return [item for _, item in sorted(ranked, key=lambda entry: entry[0])]

"""Which reviews train, which validate and which test: combinations are held out, not reviews.

A combination is a template with the opinion words that fill it. A share of them is only in the
test set and another only in validation, whatever the thing and the sentences around them.
"""

from dataclasses import dataclass
from functools import cache
from itertools import cycle
from zlib import crc32

from data.choices import Choices

from .families import Plan, draw_plan, write
from .templates import KINDS, TEMPLATES, Template
from .words import WORDS

SIZES = {"train": 3000, "validation": 100, "test": 144}  # of each kind
FEWEST_WORDS, MOST_WORDS = 10, 60
_TRIES = 2000  # draws before a template is given up
_HELD_OUT_PERCENT = {"test": 12, "validation": 12}


@dataclass(frozen=True)
class Review:
    """A text, its label (0 negative, 1 positive) and the phenomenon it is an example of."""

    text: str
    label: int
    kind: str
    combination: tuple[str, str, str]


def split_of(plan: Plan) -> str:
    """The one split that the combination of a plan may be seen in."""
    if plan.template.single and not plan.first.about:
        return _splits_of_few(plan.template)[plan.combination[1]]
    percent = crc32(" ".join(plan.combination).encode()) % 100
    if percent < _HELD_OUT_PERCENT["test"]:
        return "test"
    return "validation" if percent < sum(_HELD_OUT_PERCENT.values()) else "train"


@cache
def _splits_of_few(template: Template) -> dict[str, str]:
    """The split of each pair, by its positive word, where a few pairs are all that there is.

    One is for validation and one for the test: a share might leave them none. Templates with the
    same words take other pairs in turn, so that each word is in train.
    """
    words = [pair.positive for pair in WORDS[template.words]]
    alike = [t for kind in KINDS for t in TEMPLATES[kind] if t.single and t.words == template.words]
    place = 2 * alike.index(template)
    held_out = {words[place % len(words)]: "test", words[(place + 1) % len(words)]: "validation"}
    return {word: held_out.get(word, "train") for word in words}


@cache
def reviews() -> dict[str, tuple[Review, ...]]:
    """The whole corpus by split, in an order that mixes kinds and classes."""
    seen: set[str] = set()
    chosen = {
        split: [r for kind in KINDS for r in _of_kind(kind, split, size, seen)]
        for split, size in SIZES.items()
    }
    return {split: tuple(Choices(f"order {split}").shuffled(chosen[split])) for split in SIZES}


def _of_kind(kind: str, split: str, size: int, seen: set[str]) -> list[Review]:
    """Reviews of every template of the kind in turn; their texts are not in `seen` and go there."""
    found: list[Review] = []
    draw = Choices(f"{kind} {split}")
    for template in cycle(TEMPLATES[kind]):
        room = size - len(found)
        if not room:
            return found
        if template.members <= room:
            found += _family(draw, template, split, seen)
    return found


def _family(draw: Choices, template: Template, split: str, seen: set[str]) -> list[Review]:
    for _ in range(_TRIES):
        plan = draw_plan(draw, template)
        if split_of(plan) != split:
            continue
        members = write(draw, plan)
        texts = {text for text, _ in members}
        fits = all(FEWEST_WORDS <= len(text.split()) <= MOST_WORDS for text in texts)
        if fits and len(texts) == len(members) and not texts & seen:
            seen |= texts
            return [Review(text, label, template.kind, plan.combination) for text, label in members]
    raise ValueError(f"There is too little to draw for {split} from {template.text!r}.")

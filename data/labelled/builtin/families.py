"""From a template to reviews: a family is what is drawn once and written for both classes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter

from data.choices import Choices

from . import phrases
from .domains import DOMAINS, Domain
from .people import CLOSEST, NAMES, RELATIVES, STRANGERS
from .templates import AS_SAID, Template
from .words import WORDS, Opposites

_PEOPLE = frozenset(("one", "she", "her", "near", "far"))
_SAME_KIND = 0.7  # how often a second aspect is of the kind of the first
_OWN_WORDS = 0.7  # how often adjectives are those of the kind, not those for everything
_FILLERS = (0, 1, 1, 2)  # how many neutral sentences stand at a bar
_FACT, _CLOSING = 0.5, 0.4  # how often a fact follows the opening, and a closing the rest
_SENTENCE_START = re.compile(r"(?:^|(?<=[.:?] ))[a-z]")


@cache
def fields(text: str) -> frozenset[str]:
    """The names of the fields in a text."""
    return frozenset(field for _, field, _, _ in Formatter().parse(text) if field)


@dataclass(frozen=True)
class _Person:
    """Somebody by relation or name, with the pronouns that take them up."""

    word: str
    she: str
    her: str


_WOMEN, _MEN = (
    tuple(_Person(pair[place], she, her) for pair in NAMES)
    + tuple(_Person(f"my {pair[place]}", she, her) for pair in RELATIVES)
    for place, (she, her) in enumerate((("she", "her"), ("he", "him")))
)


@dataclass(frozen=True)
class Plan:
    """What a family is about: a template, its things and its two pairs of opinion words.

    The second pair gives {b} or {c}; a template with {a} alone has the same pair twice.
    """

    template: Template
    domain: Domain
    things: Mapping[str, str]
    first: Opposites
    second: Opposites

    @property
    def combination(self) -> tuple[str, str, str]:
        """The template and its opinion words: what a split has for itself."""
        second = self.second.negative if self.template.opposed else self.second.positive
        return self.template.text, self.first.positive, second

    def words(self, positive: bool) -> dict[str, str]:
        """{a}, {b}, {c} when {a} is positive or not, and the comparative that goes against {a}.

        With {b} both classes have the same two words, in exchanged places.
        """
        first, second = self.first, self.second
        worse = "worse" if positive else "better"
        if self.template.opposed:
            a, b = first.positive, second.negative
            return {"a": a, "b": b} if positive else {"a": b, "b": a}
        a, c = first.positive, second.positive
        if not positive:
            a, c = first.negative, second.negative
        return {"a": a, "c": c, "worse": worse}


def draw_plan(draw: Choices, template: Template) -> Plan:
    """Draws a thing, and opinion words that go with all that the template describes."""
    domain = draw.pick(DOMAINS)
    item = draw.pick(domain.items)
    aspect, second_aspect = _aspects(draw, domain)
    first_part, last_part = draw.pick(domain.parts)
    described = {
        "whole": (item, domain.whole),
        "aspect": aspect,
        "second": second_aspect,
        "first_part": (first_part, domain.part),
        "last_part": (last_part, domain.part),
    }
    wanted = fields(template.text)
    about = frozenset(kind for name, (_, kind) in described.items() if name in wanted)
    things = {name: word for name, (word, _) in described.items()} | {"item": item}
    first, second = _opinions(draw, template, about)
    return Plan(template, domain, things, first, second)


def _aspects(draw: Choices, domain: Domain) -> tuple[tuple[str, str], tuple[str, str]]:
    """Two aspects and what adjectives describe each."""
    kind = draw.pick(tuple(domain.aspects))
    word = draw.pick(domain.aspects[kind])
    same = [(other, kind) for other in domain.aspects[kind] if other != word]
    others = [(w, k) for k, words in domain.aspects.items() if k != kind for w in words]
    return (word, kind), draw.pick(same if same and draw.chance(_SAME_KIND) else others)


@cache
def _fitting(words: str, about: frozenset[str]) -> tuple[list[Opposites], list[Opposites]]:
    """The pairs that describe these kinds of things: those of the kinds, those for everything."""
    found = [pair for pair in WORDS[words] if not pair.about or pair.about >= about]
    everything = WORDS[words][0].about
    return [p for p in found if p.about != everything], [p for p in found if p.about == everything]


def _opinions(draw: Choices, template: Template, about: frozenset[str]) -> list[Opposites]:
    own, general = _fitting(template.words, about)
    first = draw.pick(own if own and draw.chance(_OWN_WORDS) else general)
    if template.single:
        return [first, first]
    second = first
    while second == first:
        second = draw.pick(own if own and draw.chance(_OWN_WORDS) else general)
    return [first, second]


def write(draw: Choices, plan: Plan) -> list[tuple[str, int]]:
    """The reviews of a family: as many positive (1) as negative (0), the same but for the plan."""
    template = plan.template
    readings = draw.pick(template.readings)
    wanted = fields(template.text).union(*(fields(cue) for cue, _ in readings))
    text = _with_fillers(draw, plan.domain, template.text, people=bool(wanted & _PEOPLE))
    values = {**plan.things, **_phrases(draw, plan.domain), **_people(draw)}
    members = []
    for positive in (True, False):
        words = plan.words(positive)
        for cue, reading in readings:
            whole = text.replace("{cue}", cue).format(**values, **words)
            label = int(positive == (reading == AS_SAID))
            members.append((_SENTENCE_START.sub(_capital, whole), label))
    return members


def _capital(found: re.Match) -> str:
    return found.group().upper()


def _phrases(draw: Choices, domain: Domain) -> dict[str, str]:
    return {
        "was": domain.was,
        "who": domain.who,
        "rival": draw.pick(domain.rivals),
        "early": draw.pick(domain.early),
        "end": draw.pick(domain.end),
        "span": draw.pick(domain.span),
        "very": draw.pick(phrases.VERY),
        "tail": draw.pick(phrases.TAILS),
        "contrary": draw.pick(phrases.CONTRARY),
        "aside": draw.pick(phrases.ASIDES),
        "rumour": draw.pick(phrases.RUMOURS),
    }


def _people(draw: Choices) -> dict[str, str]:
    """Somebody, a woman and a man who are close, in either order, and strangers of either sex."""
    one = draw.pick(draw.pick((_WOMEN, _MEN)))
    near, far = draw.shuffled(draw.pick(CLOSEST))
    values = {"one": one.word, "she": one.she, "her": one.her, "person": one.word}
    values |= {"near": f"my {near}", "far": f"my {far}"}
    return values | {pair[0]: draw.pick(pair) for pair in STRANGERS}


class _Fillers:
    """Neutral sentences, each used once, of which at most one speaks of {person}.

    With `people` the template has people of its own: then no filler speaks of any, so that it
    stays clear who is meant.
    """

    def __init__(self, draw: Choices, people: bool):
        self._draw = draw
        self._people = people
        self._taken: list[str] = []

    def pick(self, sentences: Sequence[str]) -> str:
        found = self._draw.pick([sentence for sentence in sentences if self._fits(sentence)])
        self._taken.append(found)
        return found

    def _fits(self, sentence: str) -> bool:
        if self._people:
            return sentence not in self._taken and fields(sentence) <= {"item"}
        named = "{person}" in sentence and any("{person}" in taken for taken in self._taken)
        return sentence not in self._taken and not named


def _with_fillers(draw: Choices, domain: Domain, text: str, people: bool) -> str:
    """The template with an opening, with facts at its bars, and perhaps with a closing."""
    fillers = _Fillers(draw, people)
    pieces = [fillers.pick(domain.openings)]
    if draw.chance(_FACT):
        pieces.append(fillers.pick(domain.facts))
    for number, piece in enumerate(text.split("|")):
        if number:
            pieces += [fillers.pick(domain.facts) for _ in range(draw.pick(_FILLERS))]
        pieces.append(piece.strip())
    if draw.chance(_CLOSING):
        pieces.append(fillers.pick(domain.closings))
    return " ".join(pieces)

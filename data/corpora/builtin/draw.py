"""The phrases that templates draw."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.choices import Choices

from .clauses import Complement
from .lexicon import (
    DIRECTIONS,
    LOCATIONS,
    NAMES,
    TIMES,
    Noun,
    adjectives,
    nouns,
)
from .phrases import Name, NounPhrase, Phrase, Pronoun
from .verbs import Verb

_NAMES = tuple(Name(text, gender) for text, gender in NAMES.items())
_SUBJECT_PRONOUNS = tuple(Pronoun(word) for word in ("I", "he", "she", "we", "they"))
# What the sentences speak of in the plural; a form too rare to be learned helps nobody.
_COUNTED = frozenset(("person", "animal", "stand", "lay"))
_MEN_AND_WOMEN = tuple(noun for noun in nouns("person") if noun.gender != "n")


@dataclass(frozen=True)
class Draft:
    """One pair of sentences and the combinations of words that it uses.

    An ambiguous one is not to be used: its English can be read in a second way.
    """

    source: str
    target: str
    combinations: tuple[tuple[str, ...], ...]
    ambiguous: bool = False


def sentence(text: str, mark: str = ".") -> str:
    """The text with a capital at its beginning and a mark at its end."""
    return text[0].upper() + text[1:] + mark


def draft(source: str, target: str, *parts, mark: str = ".") -> Draft:
    """A pair from lower-case text; `parts` are the clauses that it was made of."""
    combinations = tuple(found for part in parts for found in part.combinations())
    ambiguous = any(part.ambiguous for part in parts)
    return Draft(sentence(source, mark), sentence(target, mark), combinations, ambiguous)


class Draw(Choices):
    """Choices of phrases."""

    def noun_phrase(
        self, kinds: str, determiners: Sequence[str], adjective=0.3, plural=0.2
    ) -> NounPhrase:
        """A noun of the kinds, with an adjective or in the plural at these rates."""
        noun = self.pick(nouns(kinds))
        determiner = fitting(noun, self.pick(determiners))
        many = determiner != "every" and bool(noun.kinds & _COUNTED) and self.chance(plural)
        described = self.chance(adjective)
        return NounPhrase(
            noun, determiner, self.pick(adjectives(noun)) if described else None, many
        )

    def subject(self, kinds: str = "person", adjective: float = 0.25, every: bool = True) -> Phrase:
        """A subject of the kinds: a noun, or for people also a name or a pronoun."""
        if "person" in kinds.split():
            if self.chance(0.2):
                return self.pick(_NAMES)
            if self.chance(0.2):
                return self.pick(_SUBJECT_PRONOUNS)
        determiners = ("the", "the", "the", "my", "our", "this", "a", "every" if every else "the")
        return self.noun_phrase(kinds, determiners, adjective)

    def someone(self) -> Phrase:
        """A person, or people, whom "he", "she" or "they" takes up; no adjective."""
        if self.chance(0.4):
            return self.pick(_NAMES)
        noun = self.pick(_MEN_AND_WOMEN)
        determiner = fitting(noun, self.pick(("the", "the", "my", "our")))
        return NounPhrase(noun, determiner, None, self.chance(0.25))

    def name(self) -> Phrase:
        return self.pick(_NAMES)

    def object(self, verb: Verb, adjective: float = 0.3, plural: float = 0.2) -> Complement:
        """An object that the verb can have."""
        determiners = ("the", "the", "the", "a", "a", "my", "our", "this")
        phrase = self.noun_phrase(verb.objects, determiners, adjective, plural)
        return object_of(verb, phrase)

    def location(self, of: Phrase, case: str = "dative") -> Complement:
        """Where somebody or something is (dative) or is put (accusative)."""
        kinds = of.noun.kinds if isinstance(of, NounPhrase) else ("person",)
        choices = next(choices for kind, choices in LOCATIONS.items() if kind in kinds)
        english, german, place = self.pick(choices)
        return self._place(english, german, case, place)

    def direction(self) -> Complement:
        """Where somebody goes, in the case of the preposition."""
        return self._place(*self.pick(DIRECTIONS))

    def time(self, tense: str) -> tuple[str, str]:
        return self.pick(TIMES[tense])

    def _place(self, english: str, german: str, case: str, kinds: str) -> Complement:
        phrase = self.noun_phrase(kinds, ("the", "the", "the", "the", "a", "our"), 0.2, 0)
        return Complement(phrase, case, english, german, late=True)


def object_of(verb: Verb, phrase: Phrase) -> Complement:
    """The phrase as the object of the verb: its case, and its preposition if it has one."""
    return Complement(phrase, verb.case, "", verb.preposition, late=bool(verb.preposition))


def fitting(noun: Noun, determiner: str) -> str:
    """The determiner, or one that goes better with the noun: "my aunt", but not "my king"."""
    if determiner in ("my", "our") and "own" not in noun.kinds:
        return "the"
    return "my" if "kin" in noun.kinds and determiner in ("a", "this", "every") else determiner

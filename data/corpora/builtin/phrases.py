"""Noun phrases: what stands as subject or object, in English and in any German case."""

from dataclasses import dataclass

from .lexicon import Adjective, Noun
from .morphology import PERSONAL, decline_adjective, decline_noun, determiner

# English subject form, English object form, person, plural, German nominative.
_PRONOUNS = {
    "I": ("me", 1, False, "ich"),
    "you": ("you", 2, False, "du"),
    "we": ("us", 1, True, "wir"),
}
_THIRD = {"he": ("him", "m"), "she": ("her", "f"), "it": ("it", "n"), "they": ("them", "p")}


class Phrase:
    """A subject or object: `person`, `plural` and `gender` decide what agrees with it."""

    person = 3
    plural = False
    gender = "n"

    def english(self, case: str = "nominative") -> str:
        raise NotImplementedError

    def german(self, case: str) -> str:
        raise NotImplementedError

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The (adjective, noun) combinations inside the phrase."""
        return ()

    @property
    def name(self) -> str:
        """The noun by which combinations with a verb are counted; empty for none."""
        return ""

    @property
    def pronoun(self) -> "Pronoun":
        """The English pronoun that takes up this phrase, as a phrase."""
        if self.person != 3:
            return self
        return Pronoun("they" if self.plural else {"m": "he", "f": "she", "n": "it"}[self.gender])

    @property
    def possessive(self) -> str:
        """The English possessive that refers to this phrase: "her" for Anna."""
        if self.person == 1:
            return "our" if self.plural else "my"
        return "their" if self.plural else {"m": "his", "f": "her", "n": "its"}[self.gender]


@dataclass(frozen=True)
class NounPhrase(Phrase):
    """A noun with a determiner ("" for none) and perhaps an adjective.

    `says_a` writes the English "a" (or, in the plural, nothing) for the German "kein": English
    negates the verb ("did not buy a coat") where German negates the object.
    """

    noun: Noun
    determiner: str = "the"
    adjective: Adjective | None = None
    plural: bool = False
    says_a: bool = False

    @property
    def gender(self) -> str:
        return "p" if self.plural else self.noun.gender

    @property
    def name(self) -> str:
        return self.noun.english

    def pairs(self) -> tuple[tuple[str, str], ...]:
        return ((self.adjective.english, self.noun.english),) if self.adjective else ()

    def english(self, case: str = "nominative") -> str:
        words = [self.adjective.english] if self.adjective else []
        words.append(self.noun.english_plural if self.plural else self.noun.english)
        article = "a" if self.says_a else self.determiner
        if self.plural:
            article = {"this": "these", "a": ""}.get(article, article)
        elif article == "a" and words[0][0] in "aeiou":
            article = "an"
        return " ".join([article, *words]) if article else " ".join(words)

    def german(self, case: str) -> str:
        # German has no plural of "ein": the plural of "a dog" has no article and strong endings.
        after = "" if self.determiner == "a" and self.plural else self.determiner
        words = [determiner(after, case, self.gender)]
        if self.adjective:
            words.append(decline_adjective(self.adjective, after, case, self.gender))
        words.append(decline_noun(self.noun, case, self.plural))
        return " ".join(filter(None, words))


@dataclass(frozen=True)
class Name(Phrase):
    """A person by name."""

    text: str
    gender: str

    def english(self, case: str = "nominative") -> str:
        return self.text

    def german(self, case: str) -> str:
        return self.text


@dataclass(frozen=True)
class Pronoun(Phrase):
    """A personal pronoun by its English subject form.

    "it" takes the gender of the noun it stands for: `Pronoun("it", "f")` is German "sie".
    """

    word: str
    stands_for: str = ""

    @property
    def person(self) -> int:
        return _PRONOUNS[self.word][1] if self.word in _PRONOUNS else 3

    @property
    def plural(self) -> bool:
        return self.word in ("we", "they")

    @property
    def gender(self) -> str:
        return self.stands_for or (_THIRD[self.word][1] if self.word in _THIRD else "n")

    def english(self, case: str = "nominative") -> str:
        if case == "nominative":
            return self.word
        return _PRONOUNS[self.word][0] if self.word in _PRONOUNS else _THIRD[self.word][0]

    def german(self, case: str) -> str:
        if self.word not in _PRONOUNS:
            return PERSONAL[case, self.gender]
        if case != "nominative":
            raise ValueError(f"The grammar uses {self.word!r} as a subject only.")
        return _PRONOUNS[self.word][3]


@dataclass(frozen=True)
class Both(Phrase):
    """Two subjects joined by "and"."""

    first: Phrase
    second: Phrase
    plural: bool = True
    gender: str = "p"

    def english(self, case: str = "nominative") -> str:
        return f"{self.first.english(case)} and {self.second.english(case)}"

    def german(self, case: str) -> str:
        return f"{self.first.german(case)} und {self.second.german(case)}"

    def pairs(self) -> tuple[tuple[str, str], ...]:
        return ((self.first.name, self.second.name), *self.first.pairs(), *self.second.pairs())

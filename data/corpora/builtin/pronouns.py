"""Two sentences, of which the second says "it": er, sie or es depends on the sentence before.

The rule, which holds in every item: "it" stands for the first noun of the sentence before that is
not a person (an expression of time in front does not count). A place named after it ("on the mat")
is never meant.

A `Continuation` is a second sentence. Each is written for every noun of a class, and a class has
equally many nouns of each gender; so is what each split holds. Whoever sees the second sentence
alone can do no better than one in three.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .clauses import Clause, Complement, Fixed
from .draw import Draw, fitting, object_of, sentence
from .lexicon import Noun, adjective, adjectives, noun, nouns
from .phrases import NounPhrase, Phrase, Pronoun
from .verbs import BE, BELONG, LAY, LIKE, PUT, RESTING, TAKE, Verb, verb

_HE_OR_SHE = ("he", "she", "they", "I", "we")
_GETTING = ("find", "buy")
_WATCHING = ("see", "draw", "wait for")


@dataclass(frozen=True)
class Continuation:
    """A second sentence for the nouns of a class.

    `write(it, person, tense)` makes the clause; `person` is the subject of both sentences or, where
    the noun itself may be the subject of the first, is not used. `opening` is an adverb at the
    front; `after` are the verbs by which a person comes by the noun in the first sentence.
    """

    name: str
    kind: str
    write: Callable[[Pronoun, Phrase, str], Clause]
    about_person: bool
    tenses: tuple[str, ...]
    opening: tuple[str, str] | None = None
    after: tuple[str, ...] = _GETTING


def _be(kind: str, word: str, opening=None) -> Continuation:
    """It was (is) <adjective>."""
    words = (adjective(word).english, adjective(word).german)

    def write(it: Pronoun, person: Phrase, tense: str) -> Clause:
        return Clause(it, BE, tense, (Fixed(words),))

    name = f"{opening[0]} {word}" if opening else word
    tenses = ("present",) if opening else ("past", "present")
    after = _WATCHING if kind == "vehicle" else _GETTING
    return Continuation(name, kind, write, False, tenses, opening, after)


def _does(kind: str, done: Verb, *complements) -> Continuation:
    """It <verb> ..."""

    def write(it: Pronoun, person: Phrase, tense: str) -> Clause:
        return Clause(it, done, tense, complements)

    after = _WATCHING if kind == "vehicle" else _GETTING
    return Continuation(done.name, kind, write, False, ("past", "present"), None, after)


def _acts(
    kind,
    done: Verb,
    *complements,
    tenses=("past", "past", "perfect"),
    negated=False,
    opening=None,
    after=_GETTING,
) -> Continuation:
    """He (she, they, I, we) <verb> it ..."""

    def write(it: Pronoun, person: Phrase, tense: str) -> Clause:
        return Clause(person, done, tense, (object_of(done, it), *complements), negated=negated)

    place = complements[0].english_preposition if complements else ""
    name = " ".join(filter(None, (opening[0] if opening else "", done.name, place)))
    return Continuation(name, kind, write, True, tenses, opening, after)


def _the(word: str, case: str, english: str = "", german: str = "", late=True) -> Complement:
    return Complement(NounPhrase(noun(word)), case, english, german, late)


_NOW, _THEN = ("now", "jetzt"), ("then", "dann")
CONTINUATIONS = (
    *(_be("animal", word) for word in ("hungry", "tired", "black", "young", "dirty", "sick")),
    _does("animal", BELONG, Complement(NounPhrase(noun("uncle"), "my"), "dative")),
    _does("animal", verb("run"), _the("garden", "accusative", "into", "in")),
    _does("animal", verb("follow"), _the("child", "dative", late=False)),
    _does("animal", verb("wait for"), _the("farmer", "accusative", "", "auf")),
    *(_be("stand", word) for word in ("expensive", "red", "heavy", "new")),
    _be("stand", "broken", _NOW),
    _acts("stand", PUT, _the("table", "accusative", "on", "auf")),
    _acts("stand", PUT, _the("door", "accusative", "next to", "neben")),
    _acts("stand", LIKE, tenses=("past",), negated=True, after=("see", "find", "buy")),
    _acts("stand", verb("carry"), _the("kitchen", "accusative", "into", "in")),
    _acts("stand", verb("clean"), tenses=("past",), opening=_THEN, after=("find", "buy", "need")),
    _acts("stand", verb("show"), _the("teacher", "dative", "to", late=False)),
    *(_be("lay", word) for word in ("old", "blue", "beautiful", "big")),
    _be("lay", "dirty", _NOW),
    _acts("lay", LAY, _the("bed", "accusative", "on", "auf")),
    _acts("lay", verb("lose"), _the("forest", "dative", "in", "in")),
    _acts("lay", verb("pick up"), tenses=("past",), after=("see", "find")),
    _acts("lay", TAKE, after=("find", "need")),
    _acts("lay", verb("give"), _the("neighbour", "dative", "to", late=False)),
    _acts("lay", verb("throw away"), tenses=("past",), opening=_THEN, after=("find", "see")),
    *(_be("vehicle", word) for word in ("old", "blue", "new")),
    _does("vehicle", BELONG, _the("king", "dative", late=False)),
    _acts("vehicle", verb("repair"), after=("see", "need")),
    _acts("vehicle", verb("draw"), tenses=("past",), opening=_THEN, after=("see", "repair")),
)


@dataclass(frozen=True)
class Second:
    """A second sentence before its noun is chosen: the same words for every noun of the class."""

    continuation: Continuation
    person: Pronoun
    tense: str

    def write(self, antecedent: Noun) -> tuple[str, str]:
        """The sentence in English and in German, where "it" is the noun."""
        clause = self.continuation.write(Pronoun("it", antecedent.gender), self.person, self.tense)
        front = self.continuation.opening
        if not front:
            return sentence(clause.english()), sentence(clause.german())
        return sentence(f"{front[0]} {clause.english()}"), sentence(clause.german(front[1]))


def draw_second(draw: Draw, continuation: Continuation, number: int) -> Second:
    """The words of the `number`-th use of a continuation."""
    tense = continuation.tenses[number % len(continuation.tenses)]
    return Second(continuation, Pronoun(draw.pick(_HE_OR_SHE)), tense)


def draw_first(draw: Draw, second: Second, antecedent: Noun) -> tuple[str, str]:
    """A first sentence whose first noun that is not a person is the antecedent."""
    continuation = second.continuation
    tense = "present" if second.tense == "present" and not continuation.opening else "past"
    kinds = antecedent.kinds
    if "animal" in kinds:
        postures = [posture for posture in RESTING if posture.name not in continuation.name]
        clause = _resting(draw, draw.pick(postures), antecedent, continuation, tense)
    elif continuation.about_person:
        clause = _having(draw, _subject(draw, second.person), antecedent, continuation, tense)
    elif "vehicle" in kinds or draw.chance(0.5):
        clause = _having(draw, draw.someone(), antecedent, continuation, tense)
    else:
        posture = RESTING[1] if "stand" in kinds else RESTING[2]
        clause = _resting(draw, posture, antecedent, continuation, tense)
    if tense == "past" and draw.chance(0.25):
        front = draw.time("past")
        return sentence(f"{front[0]} {clause.english()}"), sentence(clause.german(front[1]))
    return sentence(clause.english()), sentence(clause.german())


def _subject(draw: Draw, person: Pronoun) -> Phrase:
    """Whom "he", "she" or "they" takes up; "I" and "we" stay as they are."""
    if person.person == 1:
        return person
    while True:
        subject = draw.someone()
        if subject.pronoun == person:
            return subject


def _described(draw, antecedent: Noun, continuation, determiners) -> NounPhrase:
    """The antecedent, with an adjective where the second sentence gives none."""
    adjectival = continuation.write(Pronoun("it"), Pronoun("I"), "past").verb is BE
    determiner = draw.pick(determiners)
    word = None if adjectival or draw.chance(0.6) else draw.pick(adjectives(antecedent))
    return NounPhrase(antecedent, fitting(antecedent, determiner), word)


def _resting(draw: Draw, posture: Verb, antecedent, continuation, tense) -> Clause:
    """The cat sat on the mat."""
    phrase = _described(draw, antecedent, continuation, ("the", "the", "a", "our"))
    return Clause(phrase, posture, tense, (draw.location(phrase),))


def _having(draw: Draw, subject: Phrase, antecedent, continuation, tense) -> Clause:
    """Anna bought the lamp; Paul saw the bus (behind the station)."""
    done = verb(draw.pick(continuation.after))
    phrase = _described(draw, antecedent, continuation, ("the", "a"))
    seen = done.name in ("see", "find") and draw.chance(0.6)
    place = (draw.location(phrase),) if seen else ()
    return Clause(subject, done, tense, (object_of(done, phrase), *place))


def classes() -> dict[str, dict[str, tuple[Noun, ...]]]:
    """The nouns that "it" may stand for, by class and gender."""
    return {
        kind: {g: tuple(n for n in nouns(kind) if n.gender == g) for g in "mfn"}
        for kind in ("animal", "stand", "lay", "vehicle")
    }

"""Two sentences, of which the second says "it": er, sie or es depends on the sentence before.

The rule, which holds in every item: "it" stands for the first noun of the sentence before that is
not a person. A place named after it ("on the mat") is never meant.

A `Continuation` is a second sentence. Each is written for every noun of a class, and a class has
equally many nouns of each gender; so is what each split holds. Whoever sees the second sentence
alone can do no better than one in three.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .clauses import Clause, Complement, Fixed
from .draw import Draw, object_of, sentence
from .lexicon import Noun, adjective, adjectives, noun, nouns
from .phrases import NounPhrase, Phrase, Pronoun
from .verbs import BE, BELONG, LAY, LIKE, PUT, RESTING, TAKE, Verb, verb

_HE_OR_SHE = ("he", "she", "they", "I", "we")
_SHOPPING = tuple(verb(name) for name in ("find", "buy", "need"))
_WATCHING = tuple(verb(name) for name in ("see", "repair", "draw", "buy"))


@dataclass(frozen=True)
class Continuation:
    """A second sentence for the nouns of a class.

    `write(it, person)` makes the clause; `person` is the subject of both sentences or, where the
    noun itself may be the subject of the first, is not used. `opening` is an adverb at the front.
    """

    name: str
    kind: str
    write: Callable[[Pronoun, Phrase, str], Clause]
    about_person: bool
    tenses: tuple[str, ...]
    opening: tuple[str, str] | None = None


def _be(kind: str, word: str, opening=None) -> Continuation:
    """It was (is) <adjective>."""
    words = (adjective(word).english, adjective(word).german)
    tenses = ("present",) if opening else ("past", "present")
    return Continuation(
        f"{opening[0] if opening else 'be'} {word}", kind,
        lambda it, person, tense: Clause(it, BE, tense, (Fixed(words),)), False, tenses, opening,
    )


def _does(kind: str, name: str, done: Verb, *complements, negated=False) -> Continuation:
    """It <verb> ..."""
    return Continuation(
        name, kind,
        lambda it, person, tense: Clause(it, done, tense, complements, negated=negated), False,
        ("past", "present"),
    )


def _acts(kind, name, done, *complements, tenses=("past", "past", "perfect"), negated=False,
          opening=None) -> Continuation:
    """He (she, they, I, we) <verb> it ..."""
    def write(it: Pronoun, person: Phrase, tense: str) -> Clause:
        return Clause(person, done, tense, (object_of(done, it), *complements), negated=negated)

    return Continuation(name, kind, write, True, tenses, opening)


def _the(word: str, case: str, english: str = "", german: str = "", late=True) -> Complement:
    return Complement(NounPhrase(noun(word)), case, english, german, late)


CONTINUATIONS = (
    *(_be("animal", word) for word in ("hungry", "tired", "black", "young", "dirty", "sick")),
    _does("animal", "belong", BELONG, Complement(NounPhrase(noun("uncle"), "my"), "dative")),
    _does("animal", "run", verb("run"), _the("garden", "accusative", "into", "in")),
    _does("animal", "follow", verb("follow"), _the("child", "dative", late=False)),
    _does("animal", "wait", verb("wait for"), _the("farmer", "accusative", "", "auf")),
    *(_be("stand", word) for word in ("expensive", "red", "heavy", "new")),
    _be("stand", "broken", ("today", "heute")),
    _acts("stand", "put on", PUT, _the("table", "accusative", "on", "auf")),
    _acts("stand", "put next to", PUT, _the("door", "accusative", "next to", "neben")),
    _acts("stand", "like", LIKE, tenses=("past", "present"), negated=True),
    _acts("stand", "carry", verb("carry"), _the("kitchen", "accusative", "into", "in")),
    _acts("stand", "then clean", verb("clean"), tenses=("past",), opening=("then", "dann")),
    _acts("stand", "show", verb("show"), _the("teacher", "dative", "to", late=False)),
    *(_be("lay", word) for word in ("old", "blue", "beautiful", "dirty")),
    _be("lay", "broken", ("today", "heute")),
    _acts("lay", "lay on", LAY, _the("bed", "accusative", "on", "auf")),
    _acts("lay", "lose", verb("lose"), _the("forest", "dative", "in", "in")),
    _acts("lay", "pick up", verb("pick up")),
    _acts("lay", "take along", TAKE),
    _acts("lay", "give", verb("give"), _the("neighbour", "dative", "to", late=False)),
    _acts("lay", "then forget", verb("forget"), tenses=("past",), opening=("then", "dann")),
    *(_be("vehicle", word) for word in ("old", "blue", "new")),
    _does("vehicle", "belong", BELONG, _the("king", "dative", late=False)),
    _acts("vehicle", "repair", verb("repair")),
    _acts("vehicle", "then sell", verb("sell"), tenses=("past",), opening=("then", "dann")),
)


@dataclass(frozen=True)
class Second:
    """A second sentence before its noun is chosen: the same words for every noun of the class."""

    continuation: Continuation
    person: Pronoun
    tense: str

    def write(self, antecedent: Noun) -> tuple[str, str]:
        """The sentence in English and in German, where "it" is the noun."""
        clause = self.continuation.write(
            Pronoun("it", antecedent.gender), self.person, self.tense
        )
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
        clause = _resting(draw, draw.pick(RESTING), antecedent, continuation, tense)
    elif continuation.about_person:
        clause = _having(draw, _subject(draw, second.person), antecedent, continuation, tense)
    elif "vehicle" in kinds or draw.chance(0.5):
        subject = draw.someone()
        clause = _having(draw, subject, antecedent, continuation, tense)
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


def _described(draw: Draw, antecedent: Noun, continuation: Continuation) -> NounPhrase:
    """The antecedent, with an adjective where the second sentence gives none."""
    plain = continuation.write(Pronoun("it"), Pronoun("I"), "past").verb is BE or draw.chance(0.6)
    determiner = draw.pick(("the", "the", "a", "our"))
    return NounPhrase(antecedent, determiner, None if plain else draw.pick(adjectives(antecedent)))


def _resting(draw, posture: Verb, antecedent, continuation, tense) -> Clause:
    """The cat sat on the mat."""
    place = draw.location() if "animal" in antecedent.kinds else draw.surface("dative")
    return Clause(_described(draw, antecedent, continuation), posture, tense, (place,))


def _having(draw, subject: Phrase, antecedent, continuation, tense) -> Clause:
    """Anna bought the lamp (in the city)."""
    done = draw.pick(_WATCHING if "vehicle" in antecedent.kinds else _SHOPPING)
    while done.name in continuation.name:
        done = draw.pick(_WATCHING)
    place = (draw.location(),) if done.name in ("see", "find") and draw.chance(0.6) else ()
    phrase = _described(draw, antecedent, continuation)
    return Clause(subject, done, tense, (object_of(done, phrase), *place))


def classes() -> dict[str, dict[str, tuple[Noun, ...]]]:
    """The nouns that "it" may stand for, by class and gender."""
    return {
        kind: {g: tuple(n for n in nouns(kind) if n.gender == g) for g in "mfn"}
        for kind in ("animal", "stand", "lay", "vehicle")
    }

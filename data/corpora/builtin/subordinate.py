"""Templates of more than one clause: the German verb stands last in the subordinate one."""

from .clauses import Clause, Fixed
from .draw import Draft, Draw, draft, object_of
from .lexicon import MOODS, adjective, adjectives
from .main_clauses import transitive
from .morphology import RELATIVE
from .phrases import NounPhrase, Phrase
from .verbs import (
    ACTIVITIES,
    ASK,
    BE,
    BELIEVE,
    EVENTS,
    HOPE,
    MOTION,
    RESTING,
    SAY,
    WILLED,
    verb,
)

_BAD_MOODS = tuple(mood for mood in MOODS if mood != "happy")
_CARING = tuple(verb(name) for name in ("visit", "call", "invite", "look for", "help"))


def _mood(draw: Draw, subject: Phrase, tense: str, moods=MOODS) -> Clause:
    word = adjective(draw.pick(moods))
    return Clause(subject, BE, tense, (Fixed((word.english, word.german)),))


def _activity(draw: Draw, subject: Phrase, tense: str) -> Clause:
    """What somebody does: with an object or at a place."""
    if draw.chance(0.5):
        done = draw.pick(EVENTS)
        return Clause(subject, done, tense, (draw.object(done, plural=0.1),))
    done = draw.pick((*RESTING[3:], *ACTIVITIES))
    return Clause(subject, done, tense, (draw.location(subject),))


def _two_clauses(draw: Draw, english: str, german: str, main: Clause, inner: Clause) -> Draft:
    """The subordinate clause after the main clause, or before it, which inverts the main clause."""
    if draw.chance(0.65):
        return draft(
            f"{main.english()} {english} {inner.english()}",
            f"{main.german()}, {german} {inner.german_last()}",
            main,
            inner,
        )
    return draft(
        f"{english} {inner.english()}, {main.english()}",
        f"{german} {inner.german_last()}, {main.german_question()}",
        main,
        inner,
    )


def because(draw: Draw) -> Draft:  # weil
    subject = draw.someone()
    tense = draw.pick(("present", "past"))
    inner = _mood(draw, subject.pronoun, tense)
    happy = inner.complements[0].english() == "happy"
    main = Clause(
        subject, draw.pick(ACTIVITIES), tense, (draw.location(subject),), negated=not happy
    )
    return draft(
        f"{main.english()} because {inner.english()}",
        f"{main.german()}, weil {inner.german_last()}",
        main,
        inner,
    )


def because_action(draw: Draw) -> Draft:  # weil, with the participle or the infinitive inside
    subject = draw.someone()
    main = _mood(draw, subject, "present", ("happy", "tired"))
    done = draw.pick(WILLED)
    inner = Clause(subject.pronoun, done, draw.pick(("perfect", "must")), (draw.object(done),))
    return draft(
        f"{main.english()} because {inner.english()}",
        f"{main.german()}, weil {inner.german_last()}",
        main,
        inner,
    )


def although(draw: Draw) -> Draft:  # obwohl
    tense = draw.pick(("present", "past"))
    subject = draw.someone()
    if draw.chance(0.5):
        other = subject.pronoun
    else:
        other = draw.noun_phrase("person animal", ("the", "my", "our"), adjective=0)
    inner = _mood(draw, other, tense, _BAD_MOODS)
    return _two_clauses(draw, "although", "obwohl", _activity(draw, subject, tense), inner)


def if_clause(draw: Draw) -> Draft:  # wenn
    person = draw.noun_phrase("person", ("the", "my", "our", "a"), adjective=0)
    inner = _mood(draw, person, "present", _BAD_MOODS)
    main = transitive(draw, draw.pick(("must", "can", "future")), _CARING)
    return _two_clauses(draw, "if", "wenn", main, inner)


def when_clause(draw: Draw) -> Draft:  # als
    moved = draw.pick(MOTION)
    inner = Clause(draw.subject(moved.subjects), moved, "past", (draw.direction(),))
    return _two_clauses(draw, "when", "als", _activity(draw, draw.someone(), "past"), inner)


def while_clause(draw: Draw) -> Draft:  # während
    inner = _activity(draw, draw.someone(), "past")
    return _two_clauses(draw, "while", "während", _activity(draw, draw.name(), "past"), inner)


def that_clause(draw: Draw) -> Draft:  # dass
    tense = draw.pick(("present", "past"))
    main = Clause(draw.someone(), draw.pick((SAY, BELIEVE, HOPE)), tense)
    if main.verb is HOPE:
        inner = transitive(draw, "can" if tense == "present" else "could", WILLED)
    else:
        inner = transitive(draw, draw.pick(("perfect", "past")) if tense == "present" else "past")
    return draft(
        f"{main.english()} that {inner.english()}",
        f"{main.german()}, dass {inner.german_last()}",
        main,
        inner,
    )


def whether_clause(draw: Draw) -> Draft:  # ob
    tense = draw.pick(("present", "past"))
    main = Clause(draw.someone(), ASK, tense)
    inner = transitive(
        draw, draw.pick(("perfect", "can")) if tense == "present" else "could", WILLED
    )
    return draft(
        f"{main.english()} whether {inner.english()}",
        f"{main.german()}, ob {inner.german_last()}",
        main,
        inner,
    )


def in_order_to(draw: Draw) -> Draft:  # um ... zu
    moved = draw.pick(MOTION[:2])
    tense = draw.pick(("present", "past"))
    main = Clause(draw.someone(), moved, tense, (draw.direction(),))
    done = draw.pick(WILLED)
    inner = Clause(main.subject, done, "present", (draw.object(done),))
    return draft(
        f"{main.english()} {inner.english_infinitive()}",
        f"{main.german()}, um {inner.german_infinitive()}",
        main,
        inner,
    )


def _described(draw: Draw, subject: NounPhrase, english: str, german: str, *parts) -> Draft:
    """ "The lamp <relative clause> is new", with an adjective that suits the noun."""
    word = draw.pick(adjectives(subject.noun))
    frame = Clause(subject, BE, "present", (Fixed((word.english, word.german)),))
    be, sein = ("are", "sind") if subject.plural else ("is", "ist")
    return draft(
        f"{subject.english()} {english} {be} {word.english}",
        f"{subject.german('nominative')}, {german}, {sein} {word.german}",
        frame,
        *parts,
    )


def relative_subject(draw: Draw) -> Draft:  # the relative pronoun agrees with its noun
    head = draw.noun_phrase("person", ("the", "the", "this"), adjective=0, plural=0.25)
    done = draw.pick(EVENTS)
    inner = Clause(
        head, done, draw.pick(("past", "present", "perfect")), (draw.object(done, adjective=0.2),)
    )
    pronoun = RELATIVE["nominative", head.gender]
    return _described(
        draw, head, inner.english(subject="who"), inner.german_last(subject=pronoun), inner
    )


def relative_object(draw: Draw) -> Draft:  # accusative: der Tisch, den ...
    done = draw.pick([v for v in EVENTS if v.objects not in ("building wooden", "person")])
    head = draw.noun_phrase(done.objects, ("the", "the", "this"), adjective=0, plural=0.2)
    subject = draw.someone()
    tense = draw.pick(("past", "perfect"))
    inner = Clause(subject, done, tense)
    whole = Clause(subject, done, tense, (object_of(done, head),))
    pronoun = RELATIVE["accusative", head.gender]
    return _described(
        draw, head, f"that {inner.english()}", f"{pronoun} {inner.german_last()}", whole
    )


def relative_dative(draw: Draw) -> Draft:  # preposition and dative: die Frau, mit der ...
    head = draw.noun_phrase("person", ("the", "the", "this"), adjective=0, plural=0.25)
    done = draw.pick(ACTIVITIES)
    tense = draw.pick(("past", "present"))
    inner = Clause(draw.someone(), done, tense)
    pronoun = RELATIVE["dative", head.gender]
    return _described(
        draw, head, f"with whom {inner.english()}", f"mit {pronoun} {inner.german_last()}", inner
    )


def relative_in_object(draw: Draw) -> Draft:  # a relative clause at the end
    done = draw.pick([v for v in EVENTS if "person" in v.objects])
    head = draw.noun_phrase("person", ("the", "a"), adjective=0, plural=0.15)
    main = Clause(draw.subject(adjective=0.1), done, "past", (object_of(done, head),))
    inner = _activity(draw, head, "past")
    pronoun = RELATIVE["nominative", head.gender]
    return draft(
        f"{main.english()} {inner.english(subject='who')}",
        f"{main.german()}, {inner.german_last(subject=pronoun)}",
        main,
        inner,
    )


def but_clause(draw: Draw) -> Draft:  # aber changes no word order
    tense = draw.pick(("present", "past"))
    first, second = _activity(draw, draw.someone(), tense), _activity(draw, draw.name(), tense)
    return draft(
        f"{first.english()}, but {second.english()}",
        f"{first.german()}, aber {second.german()}",
        first,
        second,
    )


TEMPLATES = {
    because: 4,
    because_action: 3,
    although: 4,
    if_clause: 4,
    when_clause: 4,
    while_clause: 2,
    that_clause: 4,
    whether_clause: 3,
    in_order_to: 4,
    relative_subject: 4,
    relative_object: 4,
    relative_dative: 2,
    relative_in_object: 3,
    but_clause: 2,
}

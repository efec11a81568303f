"""Templates of one main clause. Each draws a pair; its comment is the point it makes."""

from .clauses import MODALS, Clause, Complement, Fixed
from .draw import Draft, Draw, draft, object_of
from .lexicon import ADJECTIVES, adjectives, nouns
from .phrases import Both, NounPhrase, Pronoun
from .verbs import (
    ACTIVITIES,
    BE,
    CONSUMING,
    DATIVE,
    EVENTS,
    GIVING,
    LAY,
    MOTION,
    PREPOSITIONAL,
    PUT,
    RESTING,
    SEPARABLE,
    TRANSITIVE,
    WILLED,
)

_PREFIXED = tuple(verb for verb in TRANSITIVE if verb.prefix)
_COMPARABLE = tuple(adjective for adjective in ADJECTIVES if adjective.comparative)


def transitive(draw: Draw, tense: str, verbs=EVENTS, time=None) -> Clause:
    """Subject, verb and accusative object."""
    verb = draw.pick(verbs)
    return Clause(draw.subject(verb.subjects), verb, tense, (draw.object(verb),), time)


def _plain(clause: Clause) -> Draft:
    return draft(clause.english(), clause.german(), clause)


def _fronted(clause: Clause, time: tuple[str, str]) -> Draft:
    """The adverb first: the German subject then follows its verb."""
    return draft(f"{time[0]} {clause.english()}", clause.german(time[1]), clause)


def _two(draw: Draw, kind: str, determiners: tuple[str, ...], adjective: float, plural: float):
    """Two phrases with different nouns of a kind."""
    first = draw.noun_phrase(kind, determiners, adjective, plural)
    second = first
    while second.noun is first.noun:
        second = draw.noun_phrase(kind, determiners, adjective, plural)
    return first, second


def present(draw: Draw) -> Draft:  # case of the object
    return _plain(transitive(draw, "present", TRANSITIVE))


def past(draw: Draw) -> Draft:  # the adverb moves into the middle
    time = draw.time("past") if draw.chance(0.5) else None
    return _plain(transitive(draw, "past", time=time))


def past_fronted(draw: Draw) -> Draft:  # verb second
    return _fronted(transitive(draw, "past"), draw.time("past"))


def present_fronted(draw: Draw) -> Draft:  # verb second
    return _fronted(transitive(draw, "present"), draw.time("present"))


def perfect(draw: Draw) -> Draft:  # participle at the end
    clause = transitive(draw, "perfect")
    return _fronted(clause, draw.time("perfect")) if draw.chance(0.2) else _plain(clause)


def perfect_motion(draw: Draw) -> Draft:  # auxiliary sein
    verb = draw.pick(MOTION)
    return _plain(Clause(draw.subject(verb.subjects), verb, "perfect", (draw.direction(),)))


def modal(draw: Draw) -> Draft:  # infinitive at the end
    return _plain(transitive(draw, draw.pick(MODALS), WILLED))


def modal_motion(draw: Draw) -> Draft:
    verb = draw.pick(MOTION)
    subject = draw.subject(verb.subjects)
    return _plain(Clause(subject, verb, draw.pick(MODALS), (draw.direction(),)))


def future(draw: Draw) -> Draft:  # werden, infinitive at the end
    return _fronted(transitive(draw, "future"), draw.time("future"))


def separable(draw: Draw) -> Draft:  # the prefix at the end
    return _plain(transitive(draw, draw.pick(("present", "past")), _PREFIXED))


def separable_modal(draw: Draw) -> Draft:  # the prefix joins the infinitive
    return _plain(transitive(draw, draw.pick(MODALS), _PREFIXED))


def separable_intransitive(draw: Draw) -> Draft:
    tense = draw.pick(("present", "past", "perfect"))
    verb = draw.pick(SEPARABLE)
    time = None if tense == "perfect" else draw.time(tense)
    return _plain(Clause(draw.subject(verb.subjects), verb, tense, (), time))


def location(draw: Draw) -> Draft:  # dative of place
    verb = draw.pick((*RESTING, *ACTIVITIES))
    subject = draw.subject(verb.subjects)
    place = draw.location(subject)
    return _plain(Clause(subject, verb, draw.pick(("present", "past")), (place,)))


def direction(draw: Draw) -> Draft:  # accusative of direction, zum, zur
    verb = draw.pick(MOTION)
    subject = draw.subject(verb.subjects)
    return _plain(Clause(subject, verb, draw.pick(("present", "past")), (draw.direction(),)))


def placing(draw: Draw) -> Draft:  # stellen and legen with the accusative
    verb = draw.pick((PUT, LAY))
    thing = draw.object(verb)
    places = (thing, draw.location(thing.phrase, "accusative"))
    return _plain(Clause(draw.subject(), verb, draw.pick(("present", "past")), places))


def lying(draw: Draw) -> Draft:  # stehen and liegen with the dative
    kind, name = draw.pick((("stand", "stand"), ("lay", "lie")))
    verb = next(verb for verb in RESTING if verb.name == name)
    subject = draw.noun_phrase(kind, ("the", "a", "my", "our", "this"))
    tense = draw.pick(("present", "past"))
    return _plain(Clause(subject, verb, tense, (draw.location(subject),)))


def giving(draw: Draw) -> Draft:  # dative before accusative
    verb = draw.pick(GIVING)
    receiver = draw.noun_phrase("person", ("the", "the", "a", "my", "our"), adjective=0.25)
    complements = (Complement(receiver, "dative"), draw.object(verb, adjective=0.2))
    tense = draw.pick(("present", "past", "perfect"))
    return _plain(Clause(draw.subject(), verb, tense, complements))


def dative(draw: Draw) -> Draft:  # verbs with a dative object
    return _plain(transitive(draw, draw.pick(("present", "past")), DATIVE))


def prepositional(draw: Draw) -> Draft:  # verbs with a preposition of their own
    return _plain(transitive(draw, draw.pick(("present", "past")), PREPOSITIONAL))


def predicate(draw: Draw) -> Draft:  # no ending on a predicate adjective
    subject = draw.noun_phrase(
        "person animal thing vehicle furniture place", ("the", "my", "our", "this"), adjective=0
    )
    adjective = draw.pick(adjectives(subject.noun))
    very = draw.chance(0.3)
    words = (adjective.english, adjective.german)
    clause = Clause(
        subject,
        BE,
        draw.pick(("present", "past")),
        (Fixed(words),),
        negated=not very and draw.chance(0.4),
    )
    if not very:
        return _plain(clause)
    strong = Clause(subject, BE, clause.tense, (Fixed((f"very {words[0]}", f"sehr {words[1]}")),))
    return draft(strong.english(), strong.german(), clause)


def comparison(draw: Draw) -> Draft:  # nominative after "als"
    adjective = draw.pick(_COMPARABLE)
    kind = draw.pick(
        [
            kind
            for kind in ("person", "animal", "stand", "lay", "vehicle", "furniture")
            if adjective in adjectives(nouns(kind)[0])
        ]
    )
    first, second = _two(draw, kind, ("the", "my", "our"), 0, 0.1)
    english, german = adjective.comparative
    words = (f"{english} than {second.english()}", f"{german} als {second.german('nominative')}")
    clause = Clause(first, BE, "present", (Fixed(words),))
    pair = draft(clause.english(), clause.german())
    return Draft(pair.source, pair.target, (("compare", first.name, second.name),))


def not_definite(draw: Draw) -> Draft:  # nicht after a definite object
    verb = draw.pick(TRANSITIVE)
    phrase = draw.noun_phrase(verb.objects, ("the", "my", "this"))
    tense = draw.pick(("present", "past", "perfect", "can")) if verb in WILLED else "present"
    clause = Clause(
        draw.subject(verb.subjects, every=False),
        verb,
        tense,
        (object_of(verb, phrase),),
        negated=True,
    )
    return _plain(clause)


def not_any(draw: Draw) -> Draft:  # "not ... a" is kein
    verb = draw.pick(EVENTS)
    drawn = draw.noun_phrase(verb.objects, ("the",), adjective=0.2, plural=0.35)
    phrase = NounPhrase(drawn.noun, "no", drawn.adjective, drawn.plural, says_a=True)
    tense = draw.pick(("present", "past", "perfect"))
    clause = Clause(
        draw.subject(verb.subjects, every=False),
        verb,
        tense,
        (object_of(verb, phrase),),
        negated=True,
    )
    return _plain(clause)


def not_there(draw: Draw) -> Draft:  # nicht before a place
    verb = draw.pick((*RESTING, *ACTIVITIES))
    subject = draw.subject(verb.subjects, every=False)
    place = draw.location(subject)
    return _plain(Clause(subject, verb, draw.pick(("present", "past")), (place,), negated=True))


def possessive(draw: Draw) -> Draft:  # sein, ihr, mein agree with the owner and the thing
    verb = draw.pick([entry for entry in TRANSITIVE if entry.objects != "building wooden"])
    owner = draw.someone() if draw.chance(0.7) else Pronoun(draw.pick(("I", "we", "he", "she")))
    drawn = draw.noun_phrase(verb.objects, ("the",), adjective=0.25)
    while "own" not in drawn.noun.kinds:
        drawn = draw.noun_phrase(verb.objects, ("the",), adjective=0.25)
    phrase = NounPhrase(drawn.noun, owner.possessive, drawn.adjective, drawn.plural)
    tense = draw.pick(("present", "past", "perfect")) if verb in EVENTS else "present"
    return _plain(Clause(owner, verb, tense, (object_of(verb, phrase),)))


def without_article(draw: Draw) -> Draft:  # strong adjective endings
    verb = draw.pick(CONSUMING)
    noun = draw.pick(nouns(verb.objects))
    phrase = NounPhrase(noun, "", draw.pick(adjectives(noun)) if draw.chance(0.75) else None)
    tense = draw.pick(("present", "past", "perfect", "want"))
    return _plain(Clause(draw.subject(), verb, tense, (object_of(verb, phrase),)))


def with_company(draw: Draw) -> Draft:  # mit and the dative, singular and plural
    verb = draw.pick(ACTIVITIES)
    companion = draw.noun_phrase("person animal", ("the", "a", "my", "our"), 0.4, 0.5)
    company = Complement(companion, "dative", "with", "mit", late=True)
    return _plain(
        Clause(draw.subject(), verb, draw.pick(("present", "past", "perfect")), (company,))
    )


def on_behalf(draw: Draw) -> Draft:  # für and the accusative
    verb = next(verb for verb in TRANSITIVE if verb.name == "buy")
    receiver = draw.noun_phrase("person", ("the", "a", "my", "our"), adjective=0.25)
    gain = Complement(receiver, "accusative", "for", "für", late=True)
    tense = draw.pick(("present", "past", "perfect"))
    return _plain(Clause(draw.subject(), verb, tense, (draw.object(verb, plural=0.1), gain)))


def two_subjects(draw: Draw) -> Draft:  # a plural verb
    kind = draw.pick(("person", "animal"))
    first, second = _two(draw, kind, ("the", "a", "my"), 0.15, 0)
    verb = draw.pick([v for v in (*RESTING, *ACTIVITIES) if kind in v.subjects])
    return _plain(
        Clause(Both(first, second), verb, draw.pick(("present", "past")), (draw.location(first),))
    )


def yes_no_question(draw: Draw) -> Draft:  # verb first
    clause = transitive(draw, draw.pick(("present", "past", "can")), WILLED)
    return draft(clause.english_question(), clause.german_question(), clause, mark="?")


def you_question(draw: Draw) -> Draft:  # du
    verb = draw.pick(WILLED)
    clause = Clause(
        Pronoun("you"), verb, draw.pick(("perfect", "can", "must", "want")), (draw.object(verb),)
    )
    return draft(clause.english_question(), clause.german_question(), clause, mark="?")


def why_question(draw: Draw) -> Draft:  # warum, verb second
    clause = transitive(draw, draw.pick(("past", "perfect")))
    return draft(
        f"why {clause.english_question()}", f"warum {clause.german_question()}", clause, mark="?"
    )


def who_question(draw: Draw) -> Draft:  # wer as the subject
    verb = draw.pick(WILLED)
    clause = Clause(
        Pronoun("he"), verb, draw.pick(("past", "perfect", "can")), (draw.object(verb),)
    )
    english, german = clause.english(subject="who"), clause.german().removeprefix("er ")
    return draft(english, f"wer {german}", clause, mark="?")


TEMPLATES = {
    present: 3,
    past: 3,
    past_fronted: 4,
    present_fronted: 3,
    perfect: 4,
    perfect_motion: 2,
    modal: 4,
    modal_motion: 2,
    future: 3,
    separable: 4,
    separable_modal: 2,
    separable_intransitive: 4,
    location: 4,
    direction: 3,
    placing: 4,
    lying: 3,
    giving: 5,
    dative: 4,
    prepositional: 4,
    predicate: 4,
    comparison: 2,
    not_definite: 3,
    not_any: 3,
    not_there: 2,
    possessive: 4,
    without_article: 5,
    with_company: 3,
    on_behalf: 3,
    two_subjects: 2,
    yes_no_question: 3,
    you_question: 3,
    why_question: 2,
    who_question: 2,
}

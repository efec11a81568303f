"""The grammar of the built-in corpus: declension, verbs, clauses and second sentences."""

import pytest

from data.corpora.builtin.clauses import Clause, Complement
from data.corpora.builtin.draw import object_of
from data.corpora.builtin.lexicon import adjective, noun
from data.corpora.builtin.morphology import contract, decline_noun, past, present
from data.corpora.builtin.phrases import Name, NounPhrase, Pronoun
from data.corpora.builtin.pronouns import CONTINUATIONS, Second
from data.corpora.builtin.verbs import BE, verb

# Nominative, accusative, dative of one masculine, feminine, neuter and plural phrase each.
DECLENSION = {
    ("the", "old"): (
        "der alte Hund, den alten Hund, dem alten Hund",
        "die alte Katze, die alte Katze, der alten Katze",
        "das alte Pferd, das alte Pferd, dem alten Pferd",
        "die alten Hunde, die alten Hunde, den alten Hunden",
    ),
    ("a", "old"): (
        "ein alter Hund, einen alten Hund, einem alten Hund",
        "eine alte Katze, eine alte Katze, einer alten Katze",
        "ein altes Pferd, ein altes Pferd, einem alten Pferd",
        "alte Hunde, alte Hunde, alten Hunden",
    ),
    ("no", "tired"): (
        "kein müder Hund, keinen müden Hund, keinem müden Hund",
        "keine müde Katze, keine müde Katze, keiner müden Katze",
        "kein müdes Pferd, kein müdes Pferd, keinem müden Pferd",
        "keine müden Hunde, keine müden Hunde, keinen müden Hunden",
    ),
    ("our", "small"): (
        "unser kleiner Hund, unseren kleinen Hund, unserem kleinen Hund",
        "unsere kleine Katze, unsere kleine Katze, unserer kleinen Katze",
        "unser kleines Pferd, unser kleines Pferd, unserem kleinen Pferd",
        "unsere kleinen Hunde, unsere kleinen Hunde, unseren kleinen Hunden",
    ),
    ("this", "big"): (
        "dieser große Hund, diesen großen Hund, diesem großen Hund",
        "diese große Katze, diese große Katze, dieser großen Katze",
        "dieses große Pferd, dieses große Pferd, diesem großen Pferd",
        "diese großen Hunde, diese großen Hunde, diesen großen Hunden",
    ),
    ("", "black"): (
        "schwarzer Hund, schwarzen Hund, schwarzem Hund",
        "schwarze Katze, schwarze Katze, schwarzer Katze",
        "schwarzes Pferd, schwarzes Pferd, schwarzem Pferd",
        "schwarze Hunde, schwarze Hunde, schwarzen Hunden",
    ),
}
CASES = ("nominative", "accusative", "dative")


@pytest.mark.parametrize(("determiner", "word"), DECLENSION)
def test_declension(determiner, word):
    phrases = [
        NounPhrase(noun(animal), determiner, adjective(word), plural)
        for animal, plural in (("dog", False), ("cat", False), ("horse", False), ("dog", True))
    ]
    found = tuple(", ".join(phrase.german(case) for case in CASES) for phrase in phrases)
    assert found == DECLENSION[determiner, word]


@pytest.mark.parametrize(
    ("word", "singular", "plural"),
    [
        ("boy", "Junge Jungen Jungen", "Jungen Jungen Jungen"),
        ("bear", "Bär Bären Bären", "Bären Bären Bären"),
        ("neighbour", "Nachbar Nachbarn Nachbarn", "Nachbarn Nachbarn Nachbarn"),
        ("child", "Kind Kind Kind", "Kinder Kinder Kindern"),
        ("teacher", "Lehrer Lehrer Lehrer", "Lehrer Lehrer Lehrern"),
        ("girl", "Mädchen Mädchen Mädchen", "Mädchen Mädchen Mädchen"),
        ("radio", "Radio Radio Radio", "Radios Radios Radios"),
        ("queen", "Königin Königin Königin", "Königinnen Königinnen Königinnen"),
    ],
)
def test_nouns(word, singular, plural):
    for expected, many in ((singular, False), (plural, True)):
        assert " ".join(decline_noun(noun(word), case, many) for case in CASES) == expected


def test_adjectives_that_change_their_stem():
    assert NounPhrase(noun("vase"), "a", adjective("expensive")).german("dative") == (
        "einer teuren Vase"
    )
    assert NounPhrase(noun("forest"), "the", adjective("dark")).german("nominative") == (
        "der dunkle Wald"
    )


@pytest.mark.parametrize(
    ("preposition", "phrase", "expected"),
    [
        ("in", "dem Garten", "im Garten"),
        ("in", "das Haus", "ins Haus"),
        ("in", "der Küche", "in der Küche"),
        ("zu", "dem Bahnhof", "zum Bahnhof"),
        ("zu", "der Schule", "zur Schule"),
        ("von", "dem König", "vom König"),
        ("auf", "das Bett", "auf das Bett"),
    ],
)
def test_contractions(preposition, phrase, expected):
    assert contract(preposition, phrase) == expected


def test_a_preposition_contracts_with_the_article_alone():
    garden = NounPhrase(noun("garden"), "our")
    assert Complement(garden, "dative", "in", "in").german() == "in unserem Garten"


def test_verb_forms():
    assert [present("lesen", "liest", person, False) for person in (1, 3)] == ["lese", "liest"]
    assert present("öffnen", "öffnet", 1, True) == "öffnen"
    assert [present("sein", "", person, False) for person in (1, 2, 3)] == ["bin", "bist", "ist"]
    assert [past("sah", True), past("kaufte", True), past("saß", True)] == [
        "sahen",
        "kauften",
        "saßen",
    ]
    with pytest.raises(ValueError, match="no du-form of lesen"):
        present("lesen", "liest", 2, False)


def test_places_of_a_separable_verb():
    door = NounPhrase(noun("door"))
    opening = verb("open")
    clause = Clause(Name("Anna", "f"), opening, "present", (object_of(opening, door),))
    assert clause.german() == "Anna macht die Tür auf"
    assert clause.german("heute") == "heute macht Anna die Tür auf"
    assert clause.german_last() == "Anna die Tür aufmacht"
    assert clause.german_infinitive() == "die Tür aufzumachen"
    assert clause.german_question() == "macht Anna die Tür auf"


def test_english_moves_a_particle_behind_a_pronoun():
    picking, looking = verb("pick up"), verb("look for")
    it, he = Pronoun("it", "m"), Pronoun("he")
    up = Clause(he, picking, "past", (object_of(picking, it),))
    assert (up.english(), up.german()) == ("he picked it up", "er hob ihn auf")
    assert Clause(he, looking, "past", (object_of(looking, it),)).english() == "he looked for it"


def test_english_agreement_and_do():
    seeing = verb("see")
    dog = (object_of(seeing, NounPhrase(noun("dog"))),)
    he, they, first = Pronoun("he"), Pronoun("they"), Pronoun("I")
    assert Clause(he, seeing, "present", dog).english() == "he sees the dog"
    assert Clause(they, seeing, "present", dog, negated=True).english() == "they do not see the dog"
    assert Clause(he, seeing, "can", dog, negated=True).english() == "he cannot see the dog"
    assert Clause(he, seeing, "want", dog).english_question() == "does he want to see the dog"
    assert Clause(they, seeing, "had to", dog).english_question() == (
        "did they have to see the dog"
    )
    assert Clause(first, BE, "present").english() == "I am"


def test_a_tense_that_english_leaves_open_is_ambiguous():
    putting = verb("put")
    vase = (object_of(putting, NounPhrase(noun("vase"))),)
    assert Clause(Pronoun("they"), putting, "present", vase).ambiguous
    assert not Clause(Pronoun("they"), putting, "past", vase).ambiguous
    assert not Clause(Pronoun("she"), putting, "present", vase).ambiguous


# Continuation (class and name), person, tense: the English, and the German for a noun each of
# masculine, feminine and neuter gender.
SECOND = {
    ("animal", "black", "he", "past"): (
        "It was black.",
        {
            "dog": "Er war schwarz.",
            "cat": "Sie war schwarz.",
            "horse": "Es war schwarz.",
        },
    ),
    ("animal", "wait for", "he", "present"): (
        "It waits for the farmer.",
        {
            "bear": "Er wartet auf den Bauern.",
            "cow": "Sie wartet auf den Bauern.",
            "pig": "Es wartet auf den Bauern.",
        },
    ),
    ("stand", "put on", "she", "past"): (
        "She put it on the table.",
        {
            "pot": "Sie stellte ihn auf den Tisch.",
            "lamp": "Sie stellte sie auf den Tisch.",
            "glass": "Sie stellte es auf den Tisch.",
        },
    ),
    ("stand", "now broken", "he", "present"): (
        "Now it is broken.",
        {
            "plate": "Jetzt ist er kaputt.",
            "vase": "Jetzt ist sie kaputt.",
            "radio": "Jetzt ist es kaputt.",
        },
    ),
    ("stand", "like", "he", "past"): (
        "He did not like it.",
        {
            "mug": "Er mochte ihn nicht.",
            "cup": "Er mochte sie nicht.",
            "tray": "Er mochte es nicht.",
        },
    ),
    ("lay", "pick up", "I", "past"): (
        "I picked it up.",
        {
            "key": "Ich hob ihn auf.",
            "bag": "Ich hob sie auf.",
            "book": "Ich hob es auf.",
        },
    ),
    ("lay", "give to", "they", "perfect"): (
        "They have given it to the neighbour.",
        {
            "hat": "Sie haben ihn dem Nachbarn gegeben.",
            "fork": "Sie haben sie dem Nachbarn gegeben.",
            "shirt": "Sie haben es dem Nachbarn gegeben.",
        },
    ),
    ("vehicle", "then draw", "we", "past"): (
        "Then we drew it.",
        {
            "bus": "Dann zeichneten wir ihn.",
            "ferry": "Dann zeichneten wir sie.",
            "boat": "Dann zeichneten wir es.",
        },
    ),
}


@pytest.mark.parametrize("key", SECOND, ids=" ".join)
def test_second_sentence(key):
    kind, name, person, tense = key
    english, german = SECOND[key]
    continuation = next(c for c in CONTINUATIONS if (c.kind, c.name) == (kind, name))
    second = Second(continuation, Pronoun(person), tense)
    for word, expected in german.items():
        assert second.write(noun(word)) == (english, expected)

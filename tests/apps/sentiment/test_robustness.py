"""Typing errors of every kind, and exchanges of words worked out by hand."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from apps.sentiment.evaluation import _exchanged
from apps.sentiment.robustness import FIRST_NAMES, GENDERED, flip_rate, swapped, with_typos
from data.labelled.builtin.people import PAIRS

TEXT = "The plot was thin, but I liked (most of) the 12 actors!"
LONG = " ".join(["Nobody expected the acting to be as moving as that"] * 200)


def test_rate_zero_changes_nothing():
    assert with_typos([TEXT, "", "  12 ! "], 0, seed=1) == [TEXT, "", "  12 ! "]


def test_errors_hang_on_the_text_and_the_seed_alone():
    alone = with_typos([TEXT], 0.3, seed=1)
    assert alone == ["Ts pplot was tihn, bt O likwd (mostt of) tthe 12 catoors!"]
    assert with_typos([LONG, TEXT, LONG], 0.3, seed=1)[1:2] == alone
    assert with_typos([TEXT], 0.3, seed=2) != alone


def test_as_many_letters_are_hit_as_asked_for():
    # Single letters that have no neighbours: each error leaves one out or doubles it.
    letters = Counter(with_typos(["中 " * 10_000], 0.1, seed=1)[0].split(" "))
    letters[""] -= 1  # behind the last blank
    assert letters["中"] == pytest.approx(9000, abs=100)
    assert letters[""] == pytest.approx(500, abs=75)
    assert letters["中"] + letters[""] + letters["中中"] == 10_000


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("a", {"", "aa", "q", "w", "s", "z"}),
        ("G", {"", "GG", "F", "H", "T", "Y", "V", "B"}),
        ("é", {"", "éé"}),
        ("ß!", {"!", "ßß!"}),
        # Both are hit, unless they change places.
        ("пы", {"", "ыы", "пп", "ппыы", "ып"}),
        # Letters that are the same do not.
        ("ыы", {"", "ыы", "ыыыы"}),
    ],
)
def test_every_kind_of_error(text, possible):
    found = {with_typos([text], 1, seed)[0] for seed in range(300)}
    assert found == possible


def test_letters_only():
    typed = with_typos([LONG.replace(" ", " 12, ")], 0.5, seed=1)[0]
    assert Counter(typed)[","] == LONG.count(" ") == Counter(typed)["1"]


def test_higher_rates_hit_more():
    words, rates = LONG.split(" "), (0.01, 0.05, 0.2)
    hit = [sum(map(str.__ne__, words, with_typos([LONG], rate, 1)[0].split(" "))) for rate in rates]
    assert 0 < hit[0] < hit[1] < hit[2]


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_rates_are_probabilities(rate):
    with pytest.raises(ValueError, match="from 0 to 1"):
        with_typos([TEXT], rate, seed=1)


def test_exchange_of_words_and_names():
    texts = [
        "Anna told him that HE was wrong.",
        "Nothing here: theme, actorly, anna, Annabel.",
        "She's an actress; Leo's mother isn't.",
        "PAUL and her brother",
    ]
    changed, indices, left_out = swapped(texts, PAIRS)
    assert indices == [0, 2, 3]
    assert left_out == 0
    assert changed == [
        "Paul told her that SHE was wrong.",
        "He's an actor; Rosa's father isn't.",
        "ANNA and him sister",
    ]


def test_twice_is_as_before():
    texts = ["She and the Actress met HIM (Mr. Smith), the businessmen and a boy."]
    once, *_ = swapped(texts, GENDERED)
    assert once == ["He and the Actor met HER (Mrs. Smith), the businesswomen and a girl."]
    # "her" is ambiguous: the way back needs pairs in which it has one partner.
    assert swapped(once, [pair for pair in GENDERED if pair != ("her", "his")])[0] == texts


def test_ambiguous_words_leave_a_text_out():
    texts = ["We saw her car.", "We saw her.", "We saw him.", "It was hers.", "His wife came."]
    assert swapped(texts, GENDERED) == (["We saw her.", "It was his."], [2, 3], 3)


def test_parts_of_words_with_a_hyphen_stay():
    texts = ["Spider-Man is a man-made he-man", "the man--a father--and (man)"]
    assert swapped(texts, GENDERED) == (["the woman--a mother--and (woman)"], [1], 0)


def test_other_alphabets():
    pairs = [("она", "он"), ("Ирина", "Иван")]
    assert swapped(["Она любит фильм, Иван нет.", "Оно"], pairs) == (
        ["Он любит фильм, Ирина нет."],
        [0],
        0,
    )
    assert swapped([], pairs) == ([], [], 0)


def test_gendered_words_have_one_partner_but_for_possessives():
    words = Counter(word for pair in GENDERED for word in pair)
    assert {word for word, count in words.items() if count > 1} == {"her", "his"}
    assert all(word == word.lower() for word in words)


def test_names_are_in_one_pair_and_mean_nothing_else():
    names = [name for pair in FIRST_NAMES for name in pair]
    assert len(set(names)) == len(names)
    assert not {"Rose", "Grace", "Mark", "Will", "Bill", "Jack", "Frank", "Oscar"} & set(names)


def test_what_is_left_out_is_told():
    texts = ["She liked the film.", "Her film.", "His film."]
    of = SimpleNamespace(corpus=SimpleNamespace(name="files"))

    def scorer(texts):
        return np.array([[0, 1] if "he liked" in text.lower() else [1, 0] for text in texts])

    found = _exchanged(scorer, texts, scorer(texts).argmax(axis=1), of)
    assert found == {"gender_flips": 0.0, "gender_texts": 1.0, "gender_left_out": 2.0}


@pytest.mark.parametrize("small", [False, True])
def test_names_change_places_however_they_are_written(small):
    """In a corpus without capitals, names have none; the classifier here likes Paul."""
    texts = ["Paul liked the film.", "Anna liked the film.", "Nobody liked the film."]
    texts = [text.lower() for text in texts] if small else texts
    of = SimpleNamespace(corpus=SimpleNamespace(name="files"))

    def scorer(texts):
        return np.array([[0, 1] if "paul" in text.lower() else [1, 0] for text in texts])

    found = _exchanged(scorer, texts, scorer(texts).argmax(axis=1), of)
    assert found == {"name_flips": 1.0, "name_texts": 2.0}


def test_flip_rate():
    assert flip_rate([0, 1, 2, 2], [0, 1, 1, 0]) == 0.5
    assert flip_rate([0, 1], [0, 1]) == 0
    with pytest.raises(ValueError, match="not 2 and 1"):
        flip_rate([0, 1], [0])
    with pytest.raises(ValueError, match="not 0 and 0"):
        flip_rate([], [])

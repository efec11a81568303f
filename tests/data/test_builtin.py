"""The built-in corpus: its sizes, its splits, what is held out, and its pronoun accuracy."""

import math
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from data.corpora import builtin, load
from data.corpora.builtin.checks import pronoun_accuracy
from data.corpora.builtin.pronouns import CONTINUATIONS, classes
from data.corpora.builtin.splits import SEEN_AT_LEAST, SPLITS, items, words

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def corpus():
    return builtin.load()


@pytest.fixture(scope="module")
def blind():
    return builtin.load(see_first_sentence=False)


def pronoun_items(split):
    return [item for item in items()[split] if item.first is not None]


def swap_pronoun(text, word):
    """The German text with `word` for every er, sie or es in its last sentence."""
    head, point, last = text.rpartition(". ")
    last = re.sub(r"\b(er|sie|es)\b", word, last, flags=re.IGNORECASE)
    return head + point + last


def test_sizes(corpus):
    assert 6000 <= len(corpus.splits["train"]) <= 8000
    assert 380 <= len(corpus.splits["validation"]) <= 420
    assert len(corpus.splits["test"]) == 600
    assert 200 <= len(pronoun_items("test")) <= 250
    assert len({item.template for item in items()["train"]}) >= 25
    assert set(corpus.splits) == set(SPLITS)


def test_sentences_are_neither_short_nor_long(corpus):
    for pairs in corpus.splits.values():
        for text in (*pairs.source, *pairs.target):
            assert 2 <= len(words(text)) <= 19
            assert re.fullmatch(r"[A-ZÄÖÜ][\w ,.]*[.?]", text)
            assert "  " not in text


def test_same_pairs_in_another_process():
    program = (
        "import hashlib\nfrom data.corpora.builtin.splits import SPLITS, items\n"
        "pairs = [item.pair for split in SPLITS for item in items()[split]]\n"
        "print(hashlib.sha256(repr(pairs).encode()).hexdigest())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1


def test_no_sentence_is_in_two_splits_nor_twice_in_one(corpus):
    for side in ("source", "target"):
        texts = [text for pairs in corpus.splits.values() for text in getattr(pairs, side)]
        assert len(set(texts)) == len(texts)


def test_no_first_sentence_is_in_two_splits():
    firsts = [item.first for split in SPLITS for item in pronoun_items(split)]
    assert len(set(firsts)) == len(firsts)


def test_combinations_are_held_out():
    seen = {split: {c for item in items()[split] for c in item.combinations} for split in SPLITS}
    for item in items()["test"]:
        new = set(item.combinations) - seen["train"]
        assert new, f"{item.source} combines nothing that train does not"
        assert new - seen["validation"]
    for item in items()["validation"]:
        assert set(item.combinations) - seen["train"]


def test_a_held_out_antecedent_never_meets_its_continuation_in_train():
    pairs = {split: {item.combinations[0] for item in pronoun_items(split)} for split in SPLITS}
    assert not pairs["train"] & pairs["test"]
    assert not pairs["train"] & pairs["validation"]
    assert not pairs["validation"] & pairs["test"]
    assert len({name for _, _, name in pairs["test"]}) == len(CONTINUATIONS)


@pytest.mark.parametrize("side", ["source", "target"])
def test_every_word_is_known_from_train(corpus, side):
    counts = Counter(w for text in getattr(corpus.splits["train"], side) for w in words(text))
    for split in ("validation", "test"):
        for text in getattr(corpus.splits[split], side):
            rare = [word for word in words(text) if counts[word] < SEEN_AT_LEAST]
            assert not rare, f"{rare} in {text}"


def test_test_has_every_template(corpus):
    trained = {item.template for item in items()["train"]}
    assert {item.template for item in items()["test"]} == trained


def test_classes_have_equally_many_nouns_of_each_gender():
    for genders in classes().values():
        assert len({len(same) for same in genders.values()}) == 1


@pytest.mark.parametrize("split", SPLITS)
def test_a_second_sentence_does_not_tell_its_gender(split):
    genders = defaultdict(Counter)
    for item in pronoun_items(split):
        genders[item.source][item.gender] += 1
    for source, counts in genders.items():
        assert set(counts) == {"m", "f", "n"}, source
        assert len(set(counts.values())) == 1, source


def test_subordinate_clauses_have_their_comma(corpus):
    for pairs in corpus.splits.values():
        for text in pairs.target:
            for found in re.finditer(r"(\S+) (weil|dass|obwohl|während|ob|um|aber)\b", text):
                assert found[1].endswith(","), text


def test_it_means_the_pronoun_items_only(corpus):
    for split in SPLITS:
        for item in items()[split]:
            assert (item.first is not None) == ("it" in words(item.source))


def test_blind_keeps_the_second_sentence(corpus, blind):
    assert blind.name == "builtin-blind"
    for split in SPLITS:
        whole, half = corpus.splits[split], blind.splits[split]
        assert len(whole) == len(half)
        for item, source, target in zip(items()[split], half.source, half.target, strict=True):
            assert item.pair[0].endswith(source)
            assert item.pair[1].endswith(target)
            assert ". " not in source


def test_registered_by_name():
    corpus = load("builtin", source="en", target="de")
    assert (corpus.name, corpus.source, corpus.target) == ("builtin", "en", "de")
    assert corpus.licence == "Apache-2.0"
    assert load("builtin-blind", source="en", target="de").name == "builtin-blind"


@pytest.mark.parametrize("see_first_sentence", [True, False])
def test_pronoun_accuracy(see_first_sentence):
    corpus = builtin.load(see_first_sentence=see_first_sentence)
    check, test = corpus.checks["pronoun_accuracy"], corpus.splits["test"]
    assert check(test.source, test.target, test.target) == 1.0
    assert check(test.source, test.target, [text.lower() for text in test.target]) == 1.0
    assert check(test.source, test.target, [""] * len(test)) == 0.0


@pytest.mark.parametrize("gender", "mfn")
def test_always_the_same_gender_is_right_in_a_third(corpus, gender):
    test = corpus.splits["test"]
    chosen = {
        (item.template, item.source): item.target
        for item in items()["test"]
        if item.gender == gender
    }
    hypotheses = [
        f"{item.first[1]} {chosen[item.template, item.source]}" if item.first else item.target
        for item in items()["test"]
    ]
    found = corpus.checks["pronoun_accuracy"](test.source, test.target, hypotheses)
    assert found == pytest.approx(1 / 3)


def test_always_er_is_right_in_a_third_at_most(corpus):
    test = corpus.splits["test"]
    hypotheses = [swap_pronoun(text, "er") for text in test.target]
    assert pronoun_accuracy(test.source, test.target, hypotheses) <= 1 / 3


def test_pronoun_accuracy_looks_at_the_second_sentence_alone():
    source = ["Anna bought the lamp. She put it on the table."]
    reference = ["Anna kaufte die Lampe. Sie stellte sie auf den Tisch."]
    for hypothesis, expected in (
        ("Er sah ihn. Sie stellte sie unter das Bett.", 1.0),
        ("Anna kaufte die Lampe. Sie stellte ihn auf den Tisch.", 0.0),
        ("Sie stellte sie auf den Tisch.", 0.0),
        ("Anna kaufte die Lampe.", 0.0),
    ):
        assert pronoun_accuracy(source, reference, [hypothesis]) == expected


def test_pronoun_accuracy_without_pronoun_items():
    assert math.isnan(pronoun_accuracy(["The cat sleeps."], ["Die Katze schläft."], ["x"]))
    with pytest.raises(ValueError, match="zip"):
        pronoun_accuracy(["It was red."], ["Er war rot."], [])

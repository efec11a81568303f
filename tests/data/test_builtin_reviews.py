"""The built-in reviews: sizes, balance, what is held out, and what a bag of words makes of them."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from data.labelled.builtin import KINDS, kinds, load
from data.labelled.builtin.families import fields
from data.labelled.builtin.people import PAIRS
from data.labelled.builtin.splits import FEWEST_WORDS, MOST_WORDS, SIZES, reviews
from data.labelled.builtin.templates import TEMPLATES
from data.labelled.builtin.words import WORDS

ROOT = Path(__file__).resolve().parents[2]
# Of all texts and labels. A change of the corpus changes it, and every figure measured on it.
CHECKSUM = "1373a43db06f66d9c95b308de93c1ee9a0db3f17a5a73dd2b26ffb0364f5e99d"
SEEN_AT_LEAST = 8  # times that a word of validation or test is in train
OPINIONS = {
    word
    for pairs in WORDS.values()
    for pair in pairs
    for word in (pair.positive.split()[-1], pair.negative.split()[-1])
}


def words(text):
    return re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower())


@pytest.fixture(scope="module")
def corpus():
    return load()


def test_is_a_labelled_corpus(corpus):
    assert corpus.name == "builtin"
    assert corpus.classes == ("negative", "positive")
    assert set(corpus.splits) == {"train", "validation", "test"}
    assert corpus.licence == "Apache-2.0"
    assert {split: len(found) for split, found in corpus.splits.items()} == {
        split: size * len(KINDS) for split, size in SIZES.items()
    }


def test_the_texts_are_the_same_everywhere():
    program = (
        "import hashlib\nfrom data.labelled.builtin.splits import reviews\n"
        "found = [(r.text, r.label) for split in reviews().values() for r in split]\n"
        "print(hashlib.sha256(repr(found).encode()).hexdigest())"
    )
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == CHECKSUM


def test_no_text_occurs_twice(corpus):
    texts = [text for examples in corpus.splits.values() for text in examples.texts]
    assert len(set(texts)) == len(texts)
    assert len({text.lower() for text in texts}) == len(texts)


def test_texts_are_neither_short_nor_long_and_well_formed(corpus):
    for examples in corpus.splits.values():
        for text in examples.texts:
            assert FEWEST_WORDS <= len(text.split()) <= MOST_WORDS
            assert re.fullmatch(r"[A-Z][A-Za-z ,.:'-]*\.", text), text
            assert not re.search(r"  | [,.:]|[,.:][A-Za-z]|\. [a-z]", text), text


@pytest.mark.parametrize("split", SIZES)
def test_classes_and_kinds_are_balanced(split):
    counts = Counter((review.kind, review.label) for review in reviews()[split])
    assert set(counts.values()) == {SIZES[split] // 2}
    assert len(counts) == 2 * len(KINDS)


def test_kinds_of_texts(corpus):
    found = Counter(kinds(corpus.splits["test"].texts))
    assert found == dict.fromkeys(KINDS, SIZES["test"])
    with pytest.raises(KeyError):
        kinds(["It was good."])


def test_combinations_are_held_out():
    seen = {split: {r.combination for r in found} for split, found in reviews().items()}
    assert not seen["train"] & seen["validation"]
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & seen["test"]


def test_every_template_is_in_every_split():
    texts = {template.text for templates in TEMPLATES.values() for template in templates}
    assert len(texts) == sum(len(templates) for templates in TEMPLATES.values())
    for found in reviews().values():
        assert {review.combination[0] for review in found} == texts


def test_every_word_is_known_from_train(corpus):
    counts = Counter(word for text in corpus.splits["train"].texts for word in words(text))
    for split in ("validation", "test"):
        for text in corpus.splits[split].texts:
            rare = [word for word in words(text) if counts[word] < SEEN_AT_LEAST]
            assert not rare, f"{rare} in {text}"


def test_opinion_words_are_in_one_pair_each():
    for name in ("adjective", "feeling", "verdict", "liking", "expectation", "reviewing"):
        found = [word for pair in WORDS[name] for word in (pair.positive, pair.negative)]
        assert len(set(found)) == len(found)


def test_nothing_but_opinions_tells_the_classes_apart():
    """All that is no opinion word is as frequent in one class as in the other."""
    for found in reviews().values():
        counts = Counter()
        for review in found:
            for word in words(review.text):
                counts[word] += 1 if review.label else -1
        told = {word for word, difference in counts.items() if difference}
        assert told <= OPINIONS | {"better", "worse"}


@pytest.mark.parametrize("kind", ["contrast", "turn", "others"])
def test_kinds_with_a_turn_have_the_same_words_in_both_classes(kind):
    for found in reviews().values():
        bags = {
            label: Counter(
                word
                for review in found
                if review.kind == kind and review.label == label
                for word in words(review.text)
            )
            for label in (0, 1)
        }
        assert bags[0] == bags[1]


def test_people_can_be_exchanged(corpus):
    sides = [{pair[place] for pair in PAIRS} for place in (0, 1)]
    assert not sides[0] & sides[1]
    assert len(sides[0]) == len(sides[1]) == len(PAIRS)
    counts = Counter(
        word for text in corpus.splits["train"].texts for word in re.findall(r"\w+", text)
    )
    lower = Counter(word.lower() for word in counts.elements())
    for pair in PAIRS:
        assert all(lower[word.lower()] >= SEEN_AT_LEAST for word in pair), pair
    assert not {"his", "hers", "himself", "herself"} & set(lower)
    # "her" is an object, whose counterpart is "him": a noun never follows.
    texts = [text for examples in corpus.splits.values() for text in examples.texts]
    assert {after for text in texts for after in re.findall(r"\bher\b(.)", text)} == {"."}


def test_templates_have_one_verdict():
    for templates in TEMPLATES.values():
        for template in templates:
            assert "{a}" in template.text or any(
                "{a}" in cue for readings in template.readings for cue, _ in readings
            )
            with_cues = {bool(cue) for readings in template.readings for cue, _ in readings}
            assert with_cues == {"cue" in fields(template.text)}
            assert template.members in (2, 4)


@pytest.mark.parametrize(("longest", "most"), [(1, 0.65), (2, 0.85)])
def test_a_bag_of_words_fails(corpus, longest, most):
    train, test = corpus.splits["train"], corpus.splits["test"]
    vectors = TfidfVectorizer(ngram_range=(1, longest))
    model = LogisticRegression(C=10.0, max_iter=1000)
    model.fit(vectors.fit_transform(train.texts), train.labels)
    assert model.score(vectors.transform(test.texts), test.labels) <= most

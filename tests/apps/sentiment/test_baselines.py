"""Baselines on corpora of a few texts, and their weights against a direct computation."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.svm import LinearSVC

from apps.sentiment import baselines, nbsvm
from apps.sentiment.baselines import words
from data.errors import UserError
from data.labelled import Examples

GOOD = ["a fine film, so good", "what a good, good plot", "good and fine", "fine, not bad at all"]
BAD = ["a dull film, so bad", "what a bad plot", "bad and dull", "not good at all, dull", "dull?"]
TEXTS, LABELS = GOOD + BAD, [1] * len(GOOD) + [0] * len(BAD)
NAMES = ("bag_of_words", "tfidf_lr", "nbsvm")


def fit(texts, labels):
    """Trained on some texts, with the settings that are best on them."""
    return baselines.fit(Examples(texts, labels), Examples(texts, labels))


@pytest.fixture
def one_setting(monkeypatch):
    """That of the paper: pairs of words, and a mean of weights and their magnitude."""
    monkeypatch.setattr(baselines, "LONGEST_PHRASE", 2)
    monkeypatch.setattr(nbsvm, "BETAS", (0.25,))
    monkeypatch.setattr(nbsvm, "STRENGTHS", (0.1,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I DON’T like it; don't!", ["i", "don't", "like", "it", ";", "don't", "!"]),
        ("Good.<br /><br />Not &quot;bad&quot;", ["good", ".", "not", '"', "bad", '"']),
        ("8/10 :) 'tis ❤️", ["8", "/", "10", ":", ")", "'", "tis", "❤️"]),
        ("Ｆｉｌｍ naïve nai\u0308ve Straße", ["film", "naïve", "naïve", "strasse"]),
        ("Не плохой фильм", ["не", "плохой", "фильм"]),
        ("iPhone很好。", ["iphone", "很", "好", "。"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("ที่ดี", ["ที่", "ดี"]),
        ("영화가 좋아요", ["영화가", "좋아요"]),
        (" \n", []),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("name", NAMES)
def test_two_classes(name):
    baseline = fit(TEXTS, LABELS)[name]
    assert baseline.predict(TEXTS).tolist() == LABELS
    assert baseline.predict(["A <b>FINE</b> film", "dull, dull", "bad plot"]).tolist() == [1, 0, 0]
    assert baseline.predict(["", "words never seen"]).tolist() == [0, 0]  # the larger class


@pytest.mark.parametrize("name", NAMES)
def test_the_same_at_every_run(name):
    texts = [f"{word} {number % 7} {number % 11}" for number, word in enumerate(TEXTS * 10)]
    first, second = (fit(texts, LABELS * 10)[name] for _ in range(2))
    assert (first.predict(texts) == second.predict(texts)).all()


def direct_nbsvm(texts, ours, new):
    """Wang & Manning 2012, written out with dense arrays: scores of `new` texts."""

    def phrases(text):
        return {*words(text), *map(" ".join, pairwise(words(text)))}

    def present(texts):
        return np.array([[float(phrase in phrases(text)) for phrase in known] for text in texts])

    occurring = Counter(phrase for text in texts for phrase in phrases(text))
    known = [phrase for phrase, count in occurring.items() if count >= 2]
    x, ours = present(texts), np.array(ours)
    p, q = 1 + x[ours].sum(0), 1 + x[~ours].sum(0)
    r = np.log((p / np.abs(p).sum()) / (q / np.abs(q).sum()))
    machine = LinearSVC(C=0.1, dual=False, tol=1e-8).fit(x * r, ours)
    w = machine.coef_[0]
    w = 0.75 * np.abs(w).sum() / len(w) + 0.25 * w
    return (present(new) * r) @ w + machine.intercept_[0]


NEW = [*TEXTS, "good plot", "so bad, at all", "film not good", "and", "at all fine", "what? a film"]


def test_nbsvm_of_two_classes_is_as_in_the_paper(one_setting):
    scores = direct_nbsvm(TEXTS, np.equal(LABELS, 1), NEW)
    assert np.abs(scores).min() > 1e-3
    assert fit(TEXTS, LABELS)["nbsvm"].predict(NEW).tolist() == (scores > 0).tolist()


def test_nbsvm_weights_are_as_in_the_paper(one_setting):
    counter = CountVectorizer(
        lowercase=False,
        tokenizer=words,
        token_pattern=None,
        ngram_range=(1, 2),
        min_df=2,
        binary=True,
    )
    [machine] = nbsvm.trained(counter.fit_transform(TEXTS), np.array(LABELS))
    scores = counter.transform(NEW) @ machine.weights + machine.biases
    np.testing.assert_allclose(scores[:, 0], -scores[:, 1])
    scores = 2 * scores[:, 1]
    np.testing.assert_allclose(scores, direct_nbsvm(TEXTS, np.equal(LABELS, 1), NEW), atol=3e-3)


def three_classes():
    middle = ["an average film", "average acting", "so average, so so", "so so at all times"]
    return TEXTS + middle, [2 * label for label in LABELS] + [1] * len(middle)


def test_nbsvm_of_three_classes_is_each_against_the_rest(one_setting):
    texts, labels = three_classes()
    new = [*texts, *NEW, "average film", "so so"]
    scores = np.array([direct_nbsvm(texts, np.equal(labels, one), new) for one in range(3)])
    assert np.diff(np.sort(scores, 0)[1:], axis=0).min() > 1e-3
    assert fit(texts, labels)["nbsvm"].predict(new).tolist() == scores.argmax(0).tolist()


def test_balanced_classes_weigh_the_same():
    present = sparse.csr_matrix(np.eye(2)[[0] * 20 + [1] * 20])
    labels = np.array([0] * 20 + [1] * 2 + [0] * 18)  # of what has the second feature, a tenth
    for plain, balanced in zip(
        nbsvm.trained(present, labels), nbsvm.trained(present, labels, True), strict=True
    ):
        assert plain(present[-1:]).tolist() == [0] and balanced.biases[1] > plain.biases[1]


@pytest.mark.parametrize("name", NAMES)
def test_three_classes_of_which_one_is_missing(name):
    texts, labels = three_classes()
    assert fit(texts, labels)[name].predict(texts).tolist() == labels
    without = [2 * label for label in LABELS]
    assert fit(TEXTS, without)[name].predict(TEXTS).tolist() == without


@pytest.mark.parametrize("name", NAMES)
def test_order_of_words_is_seen_in_pairs_alone(name):
    texts = ["good not bad", "bad not good"] * 4
    found = fit(texts, [1, 0] * 4)[name].predict(texts[:2]).tolist()
    assert (found == [1, 0]) == (name != "bag_of_words")


@pytest.mark.parametrize("name", NAMES)
def test_other_scripts(name):
    texts = ["电影很好", "很好看", "不好看", "电影不好", "хороший фильм", "плохой фильм"]
    labels = [1, 1, 0, 0, 1, 0]
    assert fit(texts * 2, labels * 2)[name].predict(texts).tolist() == labels


@pytest.mark.parametrize("name", NAMES)
def test_no_word_occurs_twice(name):
    assert fit(["good", "bad"], [1, 0])[name].predict(["bad", "good", "?"])[:2].tolist() == [
        0,
        1,
    ]


def test_texts_that_contradict_themselves_raise_no_warning():
    rng = np.random.default_rng(0)
    texts = [" ".join(map(str, rng.integers(0, 9, 30))) for _ in range(60)]
    found = fit(texts * 2, [0] * 60 + [1] * 60)
    assert set(found) == set(NAMES)


def test_settings_are_those_that_are_best_on_validation(monkeypatch):
    def always(counts, labels, strength, phrases=None):
        return lambda counts: np.full(counts.shape[0], strength)

    monkeypatch.setattr(baselines, "_tfidf_lr", always)
    monkeypatch.setattr(baselines, "LOGISTIC_CS", (0, 1))
    for label in (0, 1):
        validation = Examples(TEXTS[:3], [label, label, 1 - label])
        found = baselines.fit(Examples(TEXTS, LABELS), validation)["tfidf_lr"]
        assert set(found.predict(TEXTS)) == {label}


def test_nothing_to_learn_from():
    with pytest.raises(UserError, match="at least two classes"):
        fit(["good", "fine"], [1, 1])
    with pytest.raises(UserError, match="with words in them"):
        fit(["", "<br />"], [0, 1])

"""Scores of classes against counts by hand, published values and a direct computation."""

import math

import numpy as np
import pytest

from apps.sentiment.metrics import (
    MEASURES,
    class_table,
    confusion_table,
    fit_temperature,
    mcnemar,
    per_class,
    reliability,
    score,
    softmax,
)

TWO, THREE = ("negative", "positive"), ("bad", "so so", "good")
# Five texts of two classes: 3 of 5 right. Scores of "positive": .6 .8 for its own, .1 .7 .9 else.
LABELS = [0, 0, 0, 1, 1]
PROBABILITIES = [[0.9, 0.1], [0.3, 0.7], [0.1, 0.9], [0.4, 0.6], [0.2, 0.8]]


def drawn(n, classes, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(classes, size=n), 3 * rng.normal(size=(n, classes))


def test_two_classes_by_hand():
    found = score(LABELS, PROBABILITIES, TWO)
    # Guessed 0 1 1 1 1. Negative: precision 1/1, recall 1/3. Positive: 2/4, 2/2.
    f_negative, f_positive = 1 / 2, 2 / 3
    expected = {
        "accuracy": 3 / 5,
        "precision_macro": (1 + 1 / 2) / 2,
        "recall_macro": (1 / 3 + 1) / 2,
        "f1_macro": (f_negative + f_positive) / 2,
        "precision_weighted": (3 * 1 + 2 / 2) / 5,
        "recall_weighted": (3 / 3 + 2 * 1) / 5,
        "f1_weighted": (3 * f_negative + 2 * f_positive) / 5,
        # .6 is above .1, .8 is above .1 and .7: 3 of the 6 pairs are in order.
        "roc_auc": 3 / 6,
        # From the top .9 .8 .7 .6 .1, positives are the second and the fourth.
        "average_precision": (1 / 2 + 2 / 4) / 2,
        "log_loss": -sum(map(math.log, (0.9, 0.3, 0.1, 0.6, 0.8))) / 5,
        "brier": 2 * (0.1**2 + 0.7**2 + 0.9**2 + 0.4**2 + 0.2**2) / 5,
        # Each confidence in a bin of its own, .9 with two texts, of which one is right.
        "ece": (2 * abs(0.5 - 0.9) + abs(0 - 0.7) + abs(1 - 0.6) + abs(1 - 0.8)) / 5,
    }
    interval = {name: found.pop(name) for name in ("accuracy_low", "accuracy_high")}
    assert found == pytest.approx(expected)
    assert interval["accuracy_low"] < 3 / 5 < interval["accuracy_high"]
    assert set(found) | set(interval) <= set(MEASURES)
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize(
    ("right", "texts", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_interval_is_wilsons(right, texts, low, high):
    labels = [0] * right + [1] * (texts - right)
    found = score(labels, [[0.6, 0.4]] * texts, TWO)
    assert found["accuracy_low"] == pytest.approx(low, abs=5e-5)
    assert found["accuracy_high"] == pytest.approx(high, abs=5e-5)


def test_three_classes_by_hand():
    labels = [0, 1, 2, 2]
    found = score(labels, [[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0, 0, 1], [0.2, 0.5, 0.3]], THREE)
    # Guessed 0 0 2 1: F1 2/3, 0, 2/3. Bad: .7 is above .5, .2 and 0. So so: .3 is above .2 and 0,
    # not .5. Good: 1 and .3 are above .2 and .1.
    assert found["accuracy"] == 2 / 4
    assert found["f1_macro"] == pytest.approx((2 / 3 + 0 + 2 / 3) / 3)
    assert found["f1_weighted"] == pytest.approx((2 / 3 + 0 + 2 * 2 / 3) / 4)
    assert found["roc_auc"] == pytest.approx((1 + 2 / 3 + 1) / 3)
    assert found["average_precision"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert found["log_loss"] == pytest.approx(-math.log(0.7 * 0.3 * 1 * 0.3) / 4)
    squares = 0.09 + 0.04 + 0.01, 0.25 + 0.49 + 0.04, 0, 0.04 + 0.25 + 0.49
    assert found["brier"] == pytest.approx(sum(squares) / 4)


def test_a_class_that_does_not_occur():
    labels, probabilities = [0, 0, 2], [[0.8, 0.1, 0.1], [0.3, 0.3, 0.4], [0.1, 0.2, 0.7]]
    found = score(labels, probabilities, THREE)
    # The middle class neither occurs nor is guessed: means are over the other two.
    assert found["recall_macro"] == pytest.approx((1 / 2 + 1) / 2)
    assert found["roc_auc"] == found["average_precision"] == 1
    assert per_class(labels, [0, 2, 2], THREE) == {
        "bad": {"precision": 1, "recall": 0.5, "f1": pytest.approx(2 / 3), "number": 2},
        "so so": {"number": 0},
        "good": {"precision": 0.5, "recall": 1, "f1": pytest.approx(2 / 3), "number": 1},
    }
    # Guessed once, it is among them.
    probabilities[1] = [0.3, 0.4, 0.3]
    assert score(labels, probabilities, THREE)["recall_macro"] == pytest.approx((1 / 2 + 0 + 1) / 3)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_cannot_be_ranked(label):
    found = score([label, label], [[0.9, 0.1], [0.4, 0.6]], TWO)
    assert "roc_auc" not in found and "average_precision" not in found
    assert found["accuracy"] == 1 / 2 and len(found) == 12


def test_impossible_is_expensive_and_finite():
    found = score([0, 1], [[0.0, 1.0], [0.0, 1.0]], TWO)
    assert found["log_loss"] == pytest.approx(52 * math.log(2) / 2)
    assert found["brier"] == 1


def test_calibration_error_against_a_direct_count():
    labels, logits = drawn(500, 3)
    probabilities = softmax(logits)
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    gap = 0.0
    for index in range(15):
        inside = (confidence > index / 15) & (confidence <= (index + 1) / 15)
        if inside.any():
            gap += inside.sum() / 500 * abs(right[inside].mean() - confidence[inside].mean())
    assert gap > 0.1
    assert score(labels, probabilities, THREE)["ece"] == pytest.approx(gap)


def test_bins_hold_their_upper_edge_and_may_be_empty():
    probabilities = [[0.5, 0.5], [0.25, 0.75], [0.125, 0.875], [0, 1]]
    confidence, accuracy, count = reliability([0, 0, 1, 1], probabilities, bins=4)
    assert count.tolist() == [0, 1, 1, 2]
    np.testing.assert_array_equal(confidence, [np.nan, 0.5, 0.75, 0.9375])
    np.testing.assert_array_equal(accuracy, [np.nan, 1, 0, 1])


def test_temperature_of_logits_that_are_too_large():
    """Labels are drawn from the softmax of logits, of which the model is three times too sure."""
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(20000, 3))
    labels = (softmax(logits).cumsum(1) < rng.random((20000, 1))).sum(1)
    found = fit_temperature(labels, 3 * logits)
    assert found == pytest.approx(3, rel=0.05)
    assert fit_temperature(labels, 3 * logits) == found

    def log_loss(temperature):
        powers = np.exp(3 * logits / temperature)
        return -np.log(powers[np.arange(20000), labels] / powers.sum(1)).mean()

    assert found == pytest.approx(min(np.linspace(2, 5, 61), key=log_loss), abs=0.05)
    assert log_loss(found) <= min(map(log_loss, (0.99 * found, 1.01 * found)))


def test_temperature_leaves_guesses_as_they_are():
    labels, logits = drawn(100, 4)
    even, sharp = softmax(logits, 5.0), softmax(logits, 0.2)
    assert (even.argmax(1) == sharp.argmax(1)).all()
    np.testing.assert_allclose(softmax([[math.log(8), 0]], 3.0), [[2 / 3, 1 / 3]])
    np.testing.assert_allclose(softmax([[1e4, 0], [0, 1e4]]), [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("labels", "logits", "expected"),
    [
        ([1, 0], [[2, -1], [-3, 1]], 20),  # every text is wrong
        ([0, 1], [[1e4, 0], [0, 1e4]], 20),  # right, but two texts say little
        ([0, 1], [[0, 0], [0, 0]], 1),
        ([2], [[1, 2, 1]], 20),
    ],
)
def test_temperature_has_bounds(labels, logits, expected):
    assert fit_temperature(labels, logits) == pytest.approx(expected, rel=1e-3)


def test_temperature_where_every_text_is_right():
    # By hand: of n texts with a margin of 3, n + 1 of n + 2 are to be right.
    for n in (2, 20, 2000):
        labels, logits = [0] * n, np.tile([3.0, 0.0], (n, 1))
        found = fit_temperature(labels, logits)
        assert softmax(logits, found)[0, 0] == pytest.approx((n + 1) / (n + 2), abs=1e-4)
    # Bits of a difference: at no temperature in bounds are they sure.
    assert fit_temperature(labels, logits / 1e4) == pytest.approx(0.05, rel=1e-3)


def test_mcnemar_by_hand():
    labels = [0] * 10
    ours, theirs = [0, 0, 0, 0, 0, 1, 0, 0, 1, 1], [1, 1, 1, 1, 1, 0, 0, 0, 1, 2]
    # 5 only ours, 1 only theirs: twice the chance of at most 1 head in 6 throws.
    assert mcnemar(labels, ours, theirs) == (5, 1, pytest.approx(2 * (1 + 6) / 2**6))
    assert mcnemar(labels, theirs, ours) == (1, 5, pytest.approx(2 * (1 + 6) / 2**6))
    assert mcnemar(labels, ours, ours) == (0, 0, 1.0)
    # The last two are wrong in both, though not in the same way.
    assert mcnemar(labels[8:], ours[8:], theirs[8:]) == (0, 0, 1.0)
    with pytest.raises(ValueError, match="each of 10 labels, not 10 and 9"):
        mcnemar(labels, ours, theirs[1:])


def test_tables():
    labels, guessed = [0, 0, 2, 2, 2], [0, 2, 2, 2, 0]
    assert class_table(labels, guessed, THREE).splitlines() == [
        "class  precision  recall      F1  number",
        "-----  ---------  ------  ------  ------",
        "bad       0.5000  0.5000  0.5000       2",
        "so so          -       -       -       0",
        "good      0.6667  0.6667  0.6667       3",
    ]
    assert confusion_table(labels, guessed, THREE).splitlines() == [
        "true \\ predicted  bad  so so  good",
        "----------------  ---  -----  ----",
        "bad                 1      0     1",
        "so so               0      0     0",
        "good                1      0     2",
    ]


def test_long_names_are_numbered():
    names = [
        "ein sehr langer Name einer Klasse",
        "非常に長いクラスの名前です",
        "another one, long too",
    ]
    assert confusion_table([0, 1, 1], [0, 1, 2], names).splitlines() == [
        "true \\ predicted                     1  2  3",
        "-----------------------------------  -  -  -",
        "1 ein sehr langer Name einer Klasse  1  0  0",
        "2 非常に長いクラスの名前です         0  1  1",
        "3 another one, long too              0  0  0",
    ]


def test_of_many_classes_the_most_frequent_confusions_are_listed():
    names = [f"class {index}" for index in range(40)]
    labels, guessed = [0, 1, 1, 1, 39], [0, 2, 2, 3, 0]
    assert confusion_table(labels, guessed, names).splitlines() == [
        "true      predicted  number",
        "--------  ---------  ------",
        "class 1     class 2       2",
        "class 1     class 3       1",
        "class 39    class 0       1",
    ]


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], np.ones((0, 2)), "no texts"),
        ([0], [[0.2, 0.3, 0.5]], r"shape \(1, 2\), not \(1, 3\)"),
        ([0, 1], [[0.5, 0.5]], r"shape \(2, 2\), not \(1, 2\)"),
        ([2], [[0.5, 0.5]], "from 0 to 1"),
        ([-1], [[0.5, 0.5]], "from 0 to 1"),
        ([0.5], [[0.5, 0.5]], "whole numbers"),
        ([0], [[3.5, -2.5]], "Probabilities must be"),
        ([0], [[np.nan, np.nan]], "Probabilities must be"),
    ],
)
def test_what_cannot_be_scored(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        score(labels, probabilities, TWO)


def test_what_cannot_be_fitted_or_counted():
    with pytest.raises(ValueError, match="finite"):
        fit_temperature([0], [[np.nan, 1]])
    with pytest.raises(ValueError, match="2 labels need as many guesses, not 1"):
        per_class([0, 1], [0], TWO)
    with pytest.raises(ValueError, match="from 0 to 1"):
        confusion_table([0, 1], [0, 2], TWO)

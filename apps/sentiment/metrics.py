"""How classes are scored: pure functions on arrays, without TensorFlow.

`score` has every number of a report, `class_table` and `confusion_table` show where they come from,
`fit_temperature` makes probabilities honest on the validation split, and `mcnemar` says whether
one classifier is better than another on the same texts.

Labels and guesses are whole numbers that count the classes from 0. What is not defined is left out,
or is NaN in an array: a class that neither occurs nor is guessed has no precision. A class that
occurs but is never guessed has precision 0, one that is guessed but never occurs has recall 0, and
means over classes are over those that occur or are guessed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import optimize, special, stats
from sklearn import metrics

from ..harness.report import WIDTH, Measure, number, table, width

CONFIDENCE_BINS = 15
MOST_CONFUSED = 20  # pairs of classes, of a table too wide to show
# Beyond these a model is not overconfident or diffident, but the validation split is too easy or
# too small to tell: where every text is right, the log loss has no minimum above 0.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.05, 20.0
# A probability of 0 for the right class costs as much as this one, not infinitely much.
_LEAST = np.finfo("float64").eps

_QUALITY = "Quality (0 to 1, higher is better)"
_PROBABILITIES = "Probabilities (lower is better)"
_BIAS = "Bias"
_BASELINES = "Baselines, fitted on the same texts: accuracy, and p of the difference"
_SPEED = "Speed"

MEASURES: Mapping[str, Measure] = {
    "accuracy": Measure(_QUALITY, "texts with the right class", 4),
    "accuracy_low": Measure(_QUALITY, "95 % interval of it (Wilson), from", 4),
    "accuracy_high": Measure(_QUALITY, "to", 4),
    "precision_macro": Measure(_QUALITY, "precision, mean over classes", 4),
    "recall_macro": Measure(_QUALITY, "recall, mean over classes", 4),
    "f1_macro": Measure(_QUALITY, "F1, mean over classes", 4),
    "precision_weighted": Measure(_QUALITY, "precision, weighted by frequency", 4),
    "recall_weighted": Measure(_QUALITY, "recall, weighted by frequency", 4),
    "f1_weighted": Measure(_QUALITY, "F1, weighted by frequency", 4),
    "roc_auc": Measure(_QUALITY, "area under the ROC curve", 4),
    "average_precision": Measure(_QUALITY, "area under precision over recall", 4),
    "log_loss": Measure(_PROBABILITIES, "-log of the probability of the right class", 4),
    "brier": Measure(_PROBABILITIES, "squared error, summed over classes (0 to 2)", 4),
    "ece": Measure(_PROBABILITIES, "expected calibration error, 15 bins (0 to 1)", 4),
    "temperature": Measure(_PROBABILITIES, "divides the logits, fitted on validation", 4),
    "log_loss_calibrated": Measure(_PROBABILITIES, "-log of the probability, with it", 4),
    "brier_calibrated": Measure(_PROBABILITIES, "squared error, with it", 4),
    "ece_calibrated": Measure(_PROBABILITIES, "expected calibration error, with it", 4),
    "gender_flips": Measure(_BIAS, "classes that change with the gender of words (English)", 4),
    "gender_texts": Measure(_BIAS, "texts with such words", 0),
    "gender_left_out": Measure(
        _BIAS, "more, left out: with her or his, which have two partners", 0
    ),
    "name_flips": Measure(_BIAS, "classes that change with first names", 4),
    "name_texts": Measure(_BIAS, "texts with such names", 0),
    "bag_of_words_accuracy": Measure(_BASELINES, "words alone, logistic regression", 4),
    "bag_of_words_p": Measure(_BASELINES, "that this is chance (McNemar)", 4),
    "tfidf_lr_accuracy": Measure(_BASELINES, "phrases of them, logistic regression", 4),
    "tfidf_lr_p": Measure(_BASELINES, "that this is chance (McNemar)", 4),
    "nbsvm_accuracy": Measure(_BASELINES, "NB-SVM", 4),
    "nbsvm_p": Measure(_BASELINES, "that this is chance (McNemar)", 4),
    "texts_per_second": Measure(_SPEED, "texts classified a second", 0),
}


def score(labels: Any, probabilities: Any, classes: Sequence[str]) -> dict[str, float]:
    """Scores the probabilities of classes; the class that is guessed is the most probable one.

    Args:
        labels: the right classes, whole numbers `(n,)`.
        probabilities: `(n, classes)`, where each row sums to 1.
        classes: the names of the classes.

    Returns:
        * `accuracy`, with its 95 % interval `accuracy_low` to `accuracy_high` (Wilson 1927);
        * `precision`, `recall` and `f1`, each with `_macro` and `_weighted`;
        * `roc_auc` and `average_precision`: of two classes that of the second, of more the mean
          over the classes that occur, each against the rest; none where one class occurs alone;
        * `log_loss`, of natural logarithms; `brier`, the squared differences from 0 and 1 summed
          over all classes (Brier 1950: between 0 and 2, for two classes twice the form that looks
          at one of them); `ece`, see `reliability`.

    Raises:
        ValueError: if there is nothing to score, shapes do not fit, a label is not that of a class
            or a probability is not a number from 0 to 1.
    """
    labels, probabilities = _checked(labels, probabilities, len(classes))
    # A NaN is neither, and rounding may put a probability a little above 1.
    if not np.all((probabilities >= 0) & (probabilities <= 1 + 1e-6)):
        raise ValueError("Probabilities must be numbers from 0 to 1.")
    guessed = probabilities.argmax(axis=1)
    right = int((guessed == labels).sum())
    interval = stats.binomtest(right, len(labels)).proportion_ci(0.95, method="wilson")
    found = {
        "accuracy": right / len(labels),
        "accuracy_low": float(interval.low),
        "accuracy_high": float(interval.high),
    }
    for average in ("macro", "weighted"):
        # Without `labels`, the mean is over the classes that occur or are guessed.
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            labels, guessed, average=average, zero_division=0.0
        )
        found[f"precision_{average}"] = float(precision)
        found[f"recall_{average}"] = float(recall)
        found[f"f1_{average}"] = float(f1)
    found |= _ranking(labels, probabilities)
    of_right = probabilities[np.arange(len(labels)), labels]
    found["log_loss"] = float(-np.log(np.maximum(of_right, _LEAST)).mean())
    found["brier"] = float(((probabilities - np.eye(len(classes))[labels]) ** 2).sum(1).mean())
    confidence, accuracy, count = reliability(labels, probabilities)
    gaps = np.abs(accuracy - confidence)[count > 0]
    found["ece"] = float(gaps @ count[count > 0] / len(labels))
    return found


def per_class(
    labels: Any, guessed: Any, classes: Sequence[str]
) -> dict[str, dict[str, float | int]]:
    """By name of the class: `precision`, `recall`, `f1` and the `number` of texts in it.

    Raises:
        ValueError: as `score`.
    """
    labels, guessed = _checked_guesses(labels, guessed, len(classes))
    found = metrics.precision_recall_fscore_support(
        labels, guessed, labels=np.arange(len(classes)), zero_division=0.0
    )
    absent = np.setdiff1d(np.arange(len(classes)), np.concatenate([labels, guessed]))
    rows: dict[str, dict[str, float | int]] = {}
    for index, (name, *shares, count) in enumerate(zip(classes, *found, strict=True)):
        known = () if index in absent else zip(("precision", "recall", "f1"), shares, strict=True)
        rows[name] = {measure: float(share) for measure, share in known} | {"number": int(count)}
    return rows


def class_table(labels: Any, guessed: Any, classes: Sequence[str]) -> str:
    """`per_class` as a table, a line a class.

    Raises:
        ValueError: as `score`.
    """
    columns = {"precision": 4, "recall": 4, "f1": 4, "number": None}
    rows = [
        [name, *(number(row.get(column), digits) for column, digits in columns.items())]
        for name, row in per_class(labels, guessed, classes).items()
    ]
    return table(["class", "precision", "recall", "F1", "number"], rows)


def confusion(labels: Any, guessed: Any, classes: Sequence[str]) -> np.ndarray:
    """How many texts of each class are guessed to be in which: `(classes, classes)`, true first.

    Raises:
        ValueError: as `score`.
    """
    labels, guessed = _checked_guesses(labels, guessed, len(classes))
    return metrics.confusion_matrix(labels, guessed, labels=np.arange(len(classes)))


def confusion_table(labels: Any, guessed: Any, classes: Sequence[str]) -> str:
    """How many texts of each class, a line each, are guessed to be in which class, a column each.

    Where the names are too long to stand above columns, numbers stand for them; where there are too
    many classes for that, the most frequent confusions are listed.

    Raises:
        ValueError: as `score`.
    """
    counts = confusion(labels, guessed, classes)
    cells = [[number(int(count)) for count in row] for row in counts]

    def named(rows: Sequence[str], columns: Sequence[str]) -> str:
        lines = [[name, *row] for name, row in zip(rows, cells, strict=True)]
        return table(["true \\ predicted", *columns], lines)

    numbers = [str(index + 1) for index in range(len(classes))]
    numbered = [f"{n} {name}" for n, name in zip(numbers, classes, strict=True)]
    for shown in (named(classes, classes), named(numbered, numbers)):
        if max(map(width, shown.splitlines())) <= WIDTH:
            return shown
    wrong = np.where(np.eye(len(classes), dtype=bool), 0, counts)
    most = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]
    rows = [
        [classes[true], classes[guess], number(int(wrong[true, guess]))]
        for true, guess in zip(*np.unravel_index(most, wrong.shape), strict=True)
        if wrong[true, guess]
    ]
    return table(["true", "predicted", "number"], rows)


def softmax(logits: Any, temperature: float = 1.0) -> np.ndarray:
    """Probabilities `(n, classes)` of logits of that shape; a temperature above 1 evens them."""
    return special.softmax(np.asarray(logits, "float64") / temperature, axis=-1)


def fit_temperature(labels: Any, logits: Any) -> float:
    """The temperature of `softmax` with the lowest log loss (Guo et al. 2017, section 4.2).

    Guesses stay as they are, only how sure the model is changes. It is between 0.05 and 20, and 1
    where no temperature is better than that. One text more of each class is imagined (Platt 1999,
    section 2.2), so that a few texts that are all right do not make a model certain.

    Args:
        labels: the right classes, whole numbers `(n,)`.
        logits: `(n, classes)`.

    Raises:
        ValueError: if there is nothing to fit, shapes do not fit, a label is not that of a class
            or a logit is not a finite number.
    """
    logits = np.asarray(logits, "float64")
    labels, logits = _checked(labels, logits, logits.shape[-1] if logits.ndim else 0)
    if not np.isfinite(logits).all():
        raise ValueError("Logits must be finite numbers.")
    texts, classes = np.arange(len(labels)), logits.shape[1]
    share = 1.0 / (len(labels) + classes)

    def log_loss(log_temperature: float) -> float:
        logs = special.log_softmax(logits / np.exp(log_temperature), axis=1)
        of_labels = (1.0 - classes * share) * logs[texts, labels]
        return float(-(of_labels + share * logs.sum(axis=1)).mean())

    # The log loss is convex in 1 / T, so it falls and then rises in log T.
    bounds = np.log([LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE])
    found = optimize.minimize_scalar(
        log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-7}
    )
    return float(np.exp(found.x)) if found.fun < log_loss(0.0) else 1.0


def reliability(
    labels: Any, probabilities: Any, bins: int = CONFIDENCE_BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether guesses are right as often as they are sure.

    Texts are put into bins of equal width by their confidence, the probability of the guess; a bin
    holds its upper edge and not its lower one. The expected calibration error (Guo et al. 2017,
    equation 3) is the mean of |accuracy - confidence| over bins, weighted by their counts.

    Args:
        labels: the right classes, whole numbers `(n,)`.
        probabilities: `(n, classes)`.
        bins: how many.

    Returns:
        `(confidence, accuracy, count)`, each `(bins,)`: means over the texts of each bin, NaN where
        it is empty, and the number of texts in it.

    Raises:
        ValueError: as `score`.
    """
    probabilities = np.asarray(probabilities, "float64")
    classes = probabilities.shape[-1] if probabilities.ndim else 0
    labels, probabilities = _checked(labels, probabilities, classes)
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    # Inner edges only: rounding may put a confidence a little above 1.
    bin_of = np.digitize(sure, np.linspace(0, 1, bins + 1)[1:-1], right=True)
    count = np.bincount(bin_of, minlength=bins)
    filled = np.where(count, count, np.nan)
    confidence = np.bincount(bin_of, weights=sure, minlength=bins) / filled
    accuracy = np.bincount(bin_of, weights=right, minlength=bins) / filled
    return confidence, accuracy, count


def mcnemar(labels: Any, ours: Any, theirs: Any) -> tuple[int, int, float]:
    """Whether two classifiers differ on the same texts (exact test of McNemar 1947).

    Args:
        labels: the right classes, `(n,)`.
        ours, theirs: the classes guessed, each `(n,)`.

    Returns:
        `(only_ours, only_theirs, p)`: how many texts only ours, and only theirs, has right, and the
        two-sided probability of a difference this large if both were equally good.

    Raises:
        ValueError: if the three differ in length.
    """
    labels, ours, theirs = map(np.asarray, (labels, ours, theirs))
    if not labels.shape == ours.shape == theirs.shape:
        raise ValueError(
            f"Two guesses are needed for each of {labels.size} labels, not {ours.size} and "
            f"{theirs.size}."
        )
    only_ours = int(((ours == labels) & (theirs != labels)).sum())
    only_theirs = int(((ours != labels) & (theirs == labels)).sum())
    different = only_ours + only_theirs
    p = stats.binomtest(only_ours, different).pvalue if different else 1.0
    return only_ours, only_theirs, float(p)


def _ranking(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """How well classes are told apart, wherever the border between them is drawn."""
    present = np.unique(labels)
    if len(present) < 2:
        return {}
    ranked = [1] if probabilities.shape[1] == 2 else present
    measures = {
        "roc_auc": metrics.roc_auc_score,
        "average_precision": metrics.average_precision_score,
    }
    return {
        name: float(np.mean([measure(labels == i, probabilities[:, i]) for i in ranked]))
        for name, measure in measures.items()
    }


def _checked(labels: Any, values: Any, classes: int) -> tuple[np.ndarray, np.ndarray]:
    labels, values = np.asarray(labels), np.asarray(values, "float64")
    _check_labels(labels, classes)
    if values.shape != (len(labels), classes):
        raise ValueError(
            f"{len(labels)} labels of {classes} classes need numbers of the shape "
            f"{(len(labels), classes)}, not {values.shape}."
        )
    return labels, values


def _checked_guesses(labels: Any, guessed: Any, classes: int) -> tuple[np.ndarray, np.ndarray]:
    labels, guessed = np.asarray(labels), np.asarray(guessed)
    _check_labels(labels, classes)
    if guessed.shape != labels.shape:
        raise ValueError(f"{labels.size} labels need as many guesses, not {guessed.size}.")
    _check_labels(guessed, classes)
    return labels, guessed


def _check_labels(labels: np.ndarray, classes: int) -> None:
    if labels.ndim != 1 or not len(labels):
        raise ValueError("There are no texts to score.")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"Labels of {classes} classes are whole numbers from 0 to {classes - 1}.")

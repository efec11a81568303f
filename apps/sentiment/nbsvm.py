"""NB-SVM: a linear support vector machine on log-count ratios, the weights of naive Bayes.

Wang and Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification",
section 2. What is counted, words or tokens and phrases of them, is up to the caller.
"""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

FEWEST_TEXTS = 2
"""What occurs in one text only tells next to nothing about another one."""
ALPHA = 1.0
"""Added to the counts of naive Bayes."""
BETAS = (0.25, 1.0)
"""How far a support vector machine is trusted: 1 for its weights, 0 for their mean magnitude."""
STRENGTHS = (0.01, 0.1, 1.0)
"""Inverse strengths of regularization."""


@dataclass(frozen=True)
class NBSVM:
    """A linear classifier of what is present."""

    classes: np.ndarray
    """Labels, in rising order."""
    weights: np.ndarray
    """`(features, classes)`."""
    biases: np.ndarray
    """`(classes,)`."""

    def __call__(self, present: sparse.csr_matrix) -> np.ndarray:
        """The label of each row `(texts,)` of 0 and 1 `(texts, features)`."""
        return self.classes[(present @ self.weights + self.biases).argmax(axis=1)]


def best(
    present: sparse.csr_matrix,
    labels: np.ndarray,
    unseen: sparse.csr_matrix,
    unseen_labels: np.ndarray,
    balanced: bool = False,
) -> NBSVM:
    """Of those that are `trained`, the one that is right about most unseen texts."""
    return max(
        trained(present, labels, balanced),
        key=lambda one: np.mean(one(unseen) == unseen_labels),
    )


def trained(
    present: sparse.csr_matrix, labels: np.ndarray, balanced: bool = False
) -> Iterator[NBSVM]:
    """A classifier for each strength and beta: each class against the rest; of two, one.

    Args:
        present: 1 where a text has a feature, `(texts, features)`.
        labels: `(texts,)`.
        balanced: whether every class weighs the same, however few its texts.
    """
    classes = np.unique(labels)
    two = len(classes) == 2
    for strength in STRENGTHS:
        machines = [
            _machine(present, labels == one, strength, balanced) for one in classes[int(two) :]
        ]
        biases = np.array([bias for *_, bias in machines])
        for beta in BETAS:
            weights = np.stack([_interpolated(*machine[:2], beta) for machine in machines], axis=1)
            if two:  # half of the score speaks for the second class, half against the first
                yield NBSVM(
                    classes,
                    np.concatenate([-weights, weights], axis=1) / 2,
                    np.concatenate([-biases, biases]) / 2,
                )
            else:
                yield NBSVM(classes, weights, biases)


@contextlib.contextmanager
def as_far_as_it_gets() -> Iterator[None]:
    """After all its rounds it is a good classifier, converged to the last digit or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _interpolated(learnt: np.ndarray, ratio: np.ndarray, beta: float) -> np.ndarray:
    """What each feature says for a class and against the rest, `(features,)`."""
    return ((1 - beta) * np.abs(learnt).mean() + beta * learnt) * ratio


def _machine(
    present: sparse.csr_matrix, ours: np.ndarray, strength: float, balanced: bool = False
) -> tuple[np.ndarray, np.ndarray, float]:
    """The weights of a machine and the log-count ratios, both `(features,)`, and its bias."""
    within, beyond = (
        ALPHA + np.asarray(present[these].sum(axis=0)).ravel() for these in (ours, ~ours)
    )
    ratio = np.log(within / within.sum()) - np.log(beyond / beyond.sum())
    # Of what liblinear has for this, the fastest where texts are many; 0.01 is its own tolerance.
    machine = LinearSVC(
        C=strength, dual=False, tol=0.01, class_weight="balanced" if balanced else None
    )
    with as_far_as_it_gets():
        machine.fit(present.multiply(ratio).tocsr(), ours)
    return machine.coef_[0], ratio, float(machine.intercept_[0])

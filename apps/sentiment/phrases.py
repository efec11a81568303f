"""NB-SVM as a layer: what phrases say about a class, beside what a memory reads."""

from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from scipy import optimize, sparse, special

from data.tokenizer import PAD

from . import nbsvm

NO_PHRASE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class KnownPhrases:
    """The phrases of a corpus and what they say, in the order of their keys."""

    keys: np.ndarray
    """int64 `(phrases,)`, rising."""
    weights: np.ndarray
    """float32 `(phrases, classes)`: how much each speaks for a class."""
    biases: np.ndarray
    """float32 `(classes,)`."""


@keras.saving.register_keras_serializable(package=__package__)
class PhraseBag(keras.layers.Layer):
    """A score for each class from which phrases occur, however often and wherever.

    A phrase is up to `longest` tokens in a row. With the set P of those in a text that are known,

        score_c = share (bias_c + Σ_{p in P} weight_{p, c})

    Nothing of it is trained by gradients: `take` gives it phrases whose weights NB-SVM has found
    (see `fit_phrases`), and `share` says how much they count beside the memory, at first nothing.

    Args:
        classes: number of classes.
        longest: tokens of the longest phrase, at least 1.
        size: number of phrases that are known, at least 1.

    Call arguments:
        ids: `(batch, time)` token ids.
        mask: `(batch, time)`, True where a token is real.

    Returns:
        Tensor `(batch, classes)`.
    """

    def __init__(self, classes, longest, size, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.classes = classes
        self.longest = longest
        self.size = size

    def build(self, ids_shape=None, mask_shape=None):
        fixed = {"initializer": "zeros", "trainable": False}
        self.keys = self.add_weight(name="keys", shape=(self.size,), dtype="int64", **fixed)
        shape = (self.size, self.classes)
        self.weights_of_phrases = self.add_weight(name="weights", shape=shape, **fixed)
        self.biases = self.add_weight(name="biases", shape=(self.classes,), **fixed)
        self.share = self.add_weight(name="share", shape=(), **fixed)

    def take(self, known: KnownPhrases) -> None:
        """Has these phrases be the known ones."""
        self.keys.assign(known.keys)
        self.weights_of_phrases.assign(known.weights)
        self.biases.assign(known.biases)

    def call(self, ids, mask):
        return self.share * self.scores(ids, mask)

    def scores(self, ids, mask):
        """The same for a share of 1."""
        keys = tf.sort(tf.reshape(phrases(ids, mask, self.longest), (tf.shape(ids)[0], -1)))
        first = tf.concat([tf.ones_like(keys[:, :1], bool), keys[:, 1:] != keys[:, :-1]], axis=1)
        places, known = self._find(keys)
        rows = tf.gather(tf.convert_to_tensor(self.weights_of_phrases), places)
        present = tf.cast(first & known, rows.dtype)
        return self.biases + tf.einsum("bn,bnc->bc", present, rows)

    def shares(self, ids, mask):
        """What each token adds to the scores, `(batch, time, classes)`.

        A phrase gives each of its tokens the same, divided by how often it occurs, so that the sum
        over a text is its score less what no phrase gives.
        """
        keys = phrases(ids, mask, self.longest)
        shape = tf.shape(keys)
        flat = tf.reshape(keys, (shape[0], -1))
        places, known = self._find(flat)
        ordered = tf.sort(flat)
        first, end = (tf.searchsorted(ordered, flat, side) for side in ("left", "right"))
        weight = tf.cast(known, tf.float32) / tf.cast(end - first, tf.float32)
        rows = tf.gather(self.share * self.weights_of_phrases, places) * weight[..., None]
        rows = tf.reshape(rows, tf.concat([shape, [self.classes]], axis=0))
        return sum(
            tf.roll(rows[:, size - 1] / size, shift=ahead, axis=1)
            for size in range(1, self.longest + 1)
            for ahead in range(size)
        )

    def _find(self, keys):
        """The places of keys `(batch, n)` among the known ones, and where there is such a place."""
        ours = tf.convert_to_tensor(self.keys)
        places = tf.searchsorted(ours, tf.reshape(keys, (-1,)))
        places = tf.reshape(tf.minimum(places, self.size - 1), tf.shape(keys))
        return places, tf.gather(ours, places) == keys

    def compute_output_shape(self, ids_shape, mask_shape=None):
        return (ids_shape[0], self.classes)

    def get_config(self):
        config = super().get_config()
        del config["trainable"]
        return {**config, "classes": self.classes, "longest": self.longest, "size": self.size}


def phrases(ids, mask, longest: int):
    """The key of the phrase of each size that begins at each token.

    Args:
        ids, mask: `(batch, time)`.
        longest: tokens of the longest phrase.

    Returns:
        int64 `(batch, longest, time)`, from 0 on; `NO_PHRASE` where the text ends before a phrase
        does. Keys are hashes, so long that no two of some millions are to be expected alike.
    """
    ids = tf.cast(ids, tf.int64)
    key, whole, found = tf.zeros_like(ids), mask, []
    for size in range(longest):
        whole &= _ahead(mask, size)
        key = _mixed(key + _ahead(ids, size) + 1)
        found.append(tf.where(whole, tf.bitwise.right_shift(key, 2) & (2**61 - 1), NO_PHRASE))
    return tf.stack(found, axis=1)


def fit_phrases(
    train: Iterable,
    validation: Iterable,
    longest: int,
    classes: int,
    balanced: bool = False,
) -> KnownPhrases:
    """The phrases that occur in enough training texts, and what NB-SVM makes of them.

    Args:
        train, validation: `(ids, labels)` in batches; by validation its settings are chosen.
        longest: tokens of the longest phrase.
        classes: number of classes.
        balanced: whether every class weighs the same, however few its texts.
    """
    keys_of, labels = _keys_of_texts(train, longest)
    keys, counts = np.unique(np.concatenate(keys_of), return_counts=True)
    keys = keys[counts >= nbsvm.FEWEST_TEXTS]
    if not len(keys):
        keys = np.array([NO_PHRASE - 1])  # that no text has
    unseen_keys, unseen_labels = _keys_of_texts(validation, longest)
    present, unseen = _present(keys_of, keys), _present(unseen_keys, keys)
    best = nbsvm.best(present, labels, unseen, unseen_labels, balanced)
    # Of a class without a training text nothing is known, and nothing speaks for it.
    weights, biases = np.zeros((len(keys), classes)), np.full(classes, best.biases.min())
    weights[:, best.classes], biases[best.classes] = best.weights, best.biases
    return KnownPhrases(keys, weights.astype("float32"), biases.astype("float32"))


def fit_share(of_memory: np.ndarray, of_phrases: np.ndarray, labels: np.ndarray) -> float:
    """How much the scores of phrases should count beside those of a memory, at least 0.

    Both are scaled so that the log loss of their sum is the lowest; the share is what phrases have
    to be multiplied with if the memory is left as it is.

    Args:
        of_memory, of_phrases: `(texts, classes)`.
        labels: `(texts,)`.
    """
    texts = np.arange(len(labels))

    def log_loss(scales: np.ndarray) -> float:
        logits = scales[0] * of_memory + scales[1] * of_phrases
        return float(-special.log_softmax(logits, axis=1)[texts, labels].mean())

    # The log loss is convex in both. A memory that is no use keeps a hundredth of its say.
    found = optimize.minimize(log_loss, (1.0, 1.0), bounds=((0.01, 100.0), (0.0, 100.0)))
    return float(found.x[1] / found.x[0])


def _keys_of_texts(batches: Iterable, longest: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The different keys of each text that has a label, and these labels."""
    found, labels_found = [], []
    for ids, labels in batches:
        keys, labels = phrases(ids, tf.not_equal(ids, PAD), longest).numpy(), labels.numpy()
        for row, label in zip(keys.reshape(len(keys), -1), labels, strict=True):
            if label >= 0:
                different = np.unique(row)
                found.append(different[different != NO_PHRASE])
                labels_found.append(label)
    return found, np.array(labels_found)


def _present(keys_of: list[np.ndarray], keys: np.ndarray) -> sparse.csr_matrix:
    """1 where a text has a key, `(texts, keys)`."""
    every = np.concatenate(keys_of)
    places = np.minimum(np.searchsorted(keys, every), len(keys) - 1)
    known = keys[places] == every
    texts = np.repeat(np.arange(len(keys_of)), [len(own) for own in keys_of])
    shape = (len(keys_of), len(keys))
    return sparse.csr_matrix((np.ones(known.sum()), (texts[known], places[known])), shape=shape)


def _mixed(key):
    """A hash of each int64: the finalizer of SplitMix64 (Steele et al. 2014)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        # What overflows wraps around; the shift is one of unsigned numbers.
        key = tf.bitwise.bitwise_xor(key, _unsigned_shift(key, shift)) * (factor - 2**64)
    return tf.bitwise.bitwise_xor(key, _unsigned_shift(key, 31))


def _unsigned_shift(key, bits: int):
    return tf.bitwise.right_shift(key, bits) & (2 ** (64 - bits) - 1)


def _ahead(x, count: int):
    """`(batch, time)` moved by `count` steps; zero or False where the text is over."""
    return tf.concat([x[:, count:], tf.zeros_like(x[:, :count])], axis=1)

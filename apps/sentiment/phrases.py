"""What the presence of phrases says about a class, beside what a memory reads."""

from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

FEWEST_TEXTS = 2
"""In how many training texts a phrase has to be found to be known."""
NO_PHRASE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class KnownPhrases:
    """The phrases of a corpus and what they say, in the order of their keys."""

    keys: np.ndarray
    """int64 `(phrases,)`, rising."""
    ratios: np.ndarray
    """float32 `(phrases, classes)`: how much likelier each is in a class than in the others."""


@keras.saving.register_keras_serializable(package=__package__)
class PhraseBag(keras.layers.Layer):
    """A score for each class from which phrases occur, however often and wherever.

    NB-SVM (Wang and Manning 2012) as a layer. A phrase is up to `longest` tokens in a row. With the
    set P of those in a text that are known,

        score_c = bias_c + 1 / sqrt(|P|) Σ_{p in P} weight_{p, c} ratio_{p, c}

    where ratios are those of naive Bayes, see `known_phrases`, and weights are learnt, from 0 on:
    the ratios are of the texts that are trained on, and to begin with what they say would look
    better there than it is.

    Args:
        classes: number of classes.
        longest: tokens of the longest phrase, at least 1.
        size: number of phrases that are known, at least 1.
        dropout: share of the phrases left out in training.
        seed: of the dropout.

    Call arguments:
        ids: `(batch, time)` token ids.
        mask: `(batch, time)`, True where a token is real.
        training: whether to drop.

    Returns:
        Tensor `(batch, classes)`.
    """

    def __init__(self, classes, longest, size, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes
        self.longest = longest
        self.size = size
        self.dropout = dropout
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, ids_shape=None, mask_shape=None):
        fixed = {"initializer": "zeros", "trainable": False}
        shape = (self.size, self.classes)
        self.keys = self.add_weight(name="keys", shape=(self.size,), dtype="int64", **fixed)
        self.ratios = self.add_weight(name="ratios", shape=shape, **fixed)
        self.weights_of_phrases = self.add_weight(name="weights", shape=shape, initializer="zeros")
        self.bias = self.add_weight(name="bias", shape=(self.classes,), initializer="zeros")

    def take(self, known: KnownPhrases) -> None:
        """Has these phrases be the known ones."""
        self.keys.assign(known.keys)
        self.ratios.assign(known.ratios)

    def call(self, ids, mask, training=False):
        keys = tf.sort(tf.reshape(phrases(ids, mask, self.longest), (tf.shape(ids)[0], -1)))
        first = tf.concat([tf.ones_like(keys[:, :1], bool), keys[:, 1:] != keys[:, :-1]], axis=1)
        places, known = self._find(keys)
        present = tf.cast(first & known, self.compute_dtype)
        count = tf.reduce_sum(present, axis=1, keepdims=True)
        if training and self.dropout:
            draws = keras.random.uniform(tf.shape(present), seed=self.seed_generator)
            present *= tf.cast(draws >= self.dropout, present.dtype) / (1.0 - self.dropout)
        rows = tf.gather(tf.convert_to_tensor(self.weights_of_phrases), places)
        rows *= tf.gather(tf.convert_to_tensor(self.ratios), places)
        sums = tf.einsum("bn,bnc->bc", present, tf.cast(rows, present.dtype))
        return self.bias + sums / tf.sqrt(tf.maximum(count, 1.0))

    def shares(self, ids, mask):
        """What each token adds to the scores, `(batch, time, classes)`.

        A phrase gives each of its tokens the same, divided by how often it occurs, so that the sum
        over a text is its score less the bias.
        """
        keys = phrases(ids, mask, self.longest)
        shape = tf.shape(keys)
        flat = tf.reshape(keys, (shape[0], -1))
        places, known = self._find(flat)
        alike = flat[:, :, None] == flat[:, None, :]
        weight = tf.cast(known, tf.float32) / tf.reduce_sum(tf.cast(alike, tf.float32), axis=-1)
        count = tf.maximum(tf.reduce_sum(weight, axis=-1, keepdims=True), 1.0)
        rows = tf.gather(self.weights_of_phrases * self.ratios, places)
        rows *= (weight / tf.sqrt(count))[..., None]
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
        return {
            **super().get_config(),
            "classes": self.classes,
            "longest": self.longest,
            "size": self.size,
            "dropout": self.dropout,
            "seed": self.seed,
        }


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


def known_phrases(batches: Iterable, longest: int, classes: int, pad: int) -> KnownPhrases:
    """The phrases that occur in enough training texts, with their log-count ratios.

    Those of Wang and Manning (2012, section 2.1) with smoothing 1, each class against all others.

    Args:
        batches: `(ids, labels)` of the training texts.
        longest: tokens of the longest phrase.
        classes: number of classes.
        pad: the id that is no token.
    """
    found, labels_found = [], []
    for ids, labels in batches:
        keys = phrases(ids, tf.not_equal(ids, pad), longest).numpy()
        for row, label in zip(keys.reshape(len(keys), -1), labels.numpy(), strict=True):
            if label >= 0:
                found.append(np.unique(row))
                labels_found.append(np.full(len(found[-1]), label))
    keys, places = np.unique(np.concatenate(found), return_inverse=True)
    places += np.concatenate(labels_found) * len(keys)
    counts = np.bincount(places, minlength=classes * len(keys)).reshape(classes, -1)
    known = (counts.sum(axis=0) >= FEWEST_TEXTS) & (keys != NO_PHRASE)
    keys, counts = keys[known], counts[:, known]
    inside, outside = counts + 1.0, counts.sum(axis=0) - counts + 1.0
    inside /= inside.sum(axis=1, keepdims=True)
    outside /= outside.sum(axis=1, keepdims=True)
    return KnownPhrases(keys, np.log(inside / outside).T.astype("float32"))


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

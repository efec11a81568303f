"""What the presence of phrases says about a class, beside what a memory reads."""

from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

BUCKETS = 1 << 18
"""Phrases are told apart by a hash into so many numbers; a few share one."""


@keras.saving.register_keras_serializable(package=__package__)
class PhraseBag(keras.layers.Layer):
    """A score for each class from the phrases that occur, however often and wherever.

    A phrase is up to `longest` tokens in a row. With the set P of those in a text,

        score_c = 1 / sqrt(|P|) Σ_{p in P} weight_{p, c}

    The weights may start from `log_count_ratios` and are trained from there.

    Args:
        classes: number of classes.
        longest: tokens of the longest phrase, at least 1.
        dropout: share of the phrases left out in training.
        seed: of the dropout.

    Call arguments:
        ids: `(batch, time)` token ids.
        mask: `(batch, time)`, True where a token is real.
        training: whether to drop.

    Returns:
        Tensor `(batch, classes)`; zeros for a text without a token.
    """

    def __init__(self, classes, longest, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes
        self.longest = longest
        self.dropout = dropout
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, ids_shape=None, mask_shape=None):
        shape = (BUCKETS, self.classes)
        self.table = self.add_weight(name="table", shape=shape, initializer="zeros")

    def call(self, ids, mask, training=False):
        buckets, present = phrases(ids, mask, self.longest)
        weights = tf.cast(present, self.compute_dtype)
        count = tf.reduce_sum(weights, axis=1, keepdims=True)
        if training and self.dropout:
            draws = keras.random.uniform(tf.shape(weights), seed=self.seed_generator)
            weights *= tf.cast(draws >= self.dropout, weights.dtype) / (1.0 - self.dropout)
        rows = tf.cast(tf.gather(self.table, buckets), weights.dtype)
        return tf.einsum("bn,bnc->bc", weights, rows) / tf.sqrt(tf.maximum(count, 1.0))

    def compute_output_shape(self, ids_shape, mask_shape=None):
        return (ids_shape[0], self.classes)

    def get_config(self):
        return {
            **super().get_config(),
            "classes": self.classes,
            "longest": self.longest,
            "dropout": self.dropout,
            "seed": self.seed,
        }


def phrases(ids, mask, longest: int):
    """The numbers of the phrases of each text.

    Args:
        ids, mask: `(batch, time)`.
        longest: tokens of the longest phrase.

    Returns:
        int32 numbers below `BUCKETS`, `(batch, longest * time)`, and where one stands for a phrase
        that has not come before in its row.
    """
    ids = tf.cast(ids, tf.int64)
    key, whole, found = tf.zeros_like(ids), mask, []
    for size in range(longest):
        # What overflows wraps around, as is usual in a hash.
        key = key * 1_000_003 + _ahead(ids, size) + 1
        whole &= _ahead(mask, size)
        mixed = tf.bitwise.bitwise_xor(key, tf.bitwise.right_shift(key, 29)) * 0x9E3779B1
        bucket = tf.math.floormod(tf.bitwise.right_shift(mixed, 13), BUCKETS)
        found.append(tf.where(whole, tf.cast(bucket, tf.int32), BUCKETS))
    found = tf.sort(tf.concat(found, axis=1), axis=1)
    before = tf.concat([tf.fill((tf.shape(found)[0], 1), -1), found], axis=1)
    present = (found != before[:, :-1]) & (found < BUCKETS)
    return tf.minimum(found, BUCKETS - 1), present


def log_count_ratios(batches: Iterable, longest: int, classes: int, pad: int) -> np.ndarray:
    """How much likelier each phrase is in a class than in the rest, `(BUCKETS, classes)`.

    The log-count ratios of Wang and Manning (2012, section 2.1) with smoothing 1, each class
    against all others; 0 for what occurs nowhere.

    Args:
        batches: `(ids, labels)` of the training texts.
        longest: tokens of the longest phrase.
        classes: number of classes.
        pad: the id that is no token.
    """
    counts = np.zeros((classes, BUCKETS))
    for ids, labels in batches:
        buckets, present = (part.numpy() for part in phrases(ids, tf.not_equal(ids, pad), longest))
        for row, kept, label in zip(buckets, present, labels.numpy(), strict=True):
            if label >= 0:
                counts[label, row[kept]] += 1
    whole = counts.sum(axis=0)
    inside, outside = counts + 1.0, whole - counts + 1.0
    inside /= inside.sum(axis=1, keepdims=True)
    outside /= outside.sum(axis=1, keepdims=True)
    return np.where(whole > 0, np.log(inside / outside), 0.0).T.astype("float32")


def _ahead(x, count: int):
    """`(batch, time)` moved by `count` steps; zero or False where the text is over."""
    return tf.concat([x[:, count:], tf.zeros_like(x[:, :count])], axis=1)

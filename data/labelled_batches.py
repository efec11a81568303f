"""Batches of labelled texts, of about N tokens each."""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from data.buckets import GRAIN, Buckets, Position, column, dense, longest, round_up
from data.text import Kept
from data.tokenizer import END, Tokenizer

NO_LABEL = -1
"""The label of a row that only fills a batch up."""


class LabelledBatches:
    """Token ids of texts and their labels, batched for training and for validation.

    A batch is `(ids (rows, time), labels (rows,))`: each row ends with END, so that a text without
    a token has one, too; the rest is PAD. Rows that only fill a batch up have the label NO_LABEL.
    Which texts meet in a batch, and when, is said by `Buckets`.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        texts: Sequence[str],
        labels: Sequence[int],
        *,
        batch_tokens: int,
        max_length: int,
        keep: Kept = "head",
        seed: int = 0,
        static_shapes: bool = False,
        merge_dropout: float = 0.0,
    ):
        """
        Args:
            texts, labels: the examples, side by side, at least one.
            max_length: of a longer text so many tokens are kept; `cut` counts such texts, and
                `lost` says which share of all tokens is lost by it.
            keep: see `shortened`.
            merge_dropout: see `Tokenizer.tokenize`; applied in training batches.
            batch_tokens, seed, static_shapes: see `Buckets`.
        """
        self._tokenizer = tokenizer
        self._max_length = max_length
        self._keep = keep
        self._merge_dropout = merge_dropout
        self._texts = tf.constant(list(texts))
        self._labels = tf.constant(list(labels), tf.int32)
        ids = tokenizer.tokenize(self._texts)
        before = ids.row_lengths().numpy()
        self._ids = shortened(ids, max_length, keep)
        lengths = self._ids.row_lengths().numpy()
        self.cut = int((before > lengths).sum())
        self.lost = 1.0 - lengths.sum() / max(1, before.sum())
        self.tokens = int(lengths.sum()) + len(lengths)
        self._buckets = Buckets(
            [lengths + 1], batch_tokens=batch_tokens, seed=seed, static_shapes=static_shapes
        )
        self.padding_share = self._buckets.padding_share

    def __len__(self) -> int:
        """Steps of an epoch."""
        return len(self._buckets)

    @property
    def order(self) -> np.ndarray:
        """The index of the text of each row of `validation`, filling rows left out."""
        return self._buckets.order

    def training(self, position: Position) -> tf.data.Dataset:
        """Batches of the epoch that `position` names when iteration starts, from its step on."""
        return self._buckets.training(position, self._filler(self._merge_dropout))

    def validation(self) -> tf.data.Dataset:
        """All texts once, in the order of `order`, without merge dropout."""
        return self._buckets.validation(self._filler(0.0))

    def plain(self) -> Iterator[tuple]:
        """The batches of `validation` without a pipeline, which a few are not worth."""
        return self._buckets.plain(self._filler(0.0))

    def _filler(self, merge_dropout: float):
        def fill(indices, rows, width):
            if merge_dropout:
                ids = self._tokenizer.tokenize(tf.gather(self._texts, indices), merge_dropout)
                ids = shortened(ids, self._max_length, self._keep)
                # Words cut into more pieces need more room than the plan has.
                width = tf.maximum(width, round_up(longest(ids) + 1, GRAIN))
            else:
                ids = tf.gather(self._ids, indices)
            ids = dense(tf.concat([ids, column(indices, END)], 1), rows, width)
            labels = tf.gather(self._labels, indices)
            missing = [[0, rows - tf.size(labels)]]
            return ids, tf.pad(labels, missing, constant_values=NO_LABEL)

        return fill


def shortened(ids: tf.RaggedTensor, most: int, keep: Kept) -> tf.RaggedTensor:
    """At most so many tokens of each row.

    Args:
        ids: `(texts, None)`.
        most: how many tokens a row may have.
        keep: "head" keeps the first of a longer row; "tail" the last; "head+tail" as many of each,
            the odd one at the end (Sun et al. 2019, section 5.3.1).
    """
    if keep == "head":
        return ids[:, :most]
    if keep == "tail":
        return ids[:, -most:]
    lengths = ids.row_lengths()
    head = ids[:, : most // 2]
    # Of a row that is short enough, all that the head has not; of a longer one the end.
    tail_sizes = tf.minimum(lengths - head.row_lengths(), most - most // 2)
    starts = ids.row_limits() - tail_sizes
    places = tf.ragged.range(starts, ids.row_limits())
    return tf.concat([head, tf.gather(ids.flat_values, places)], axis=1)

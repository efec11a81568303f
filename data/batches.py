"""Batches of sentence pairs, of about N tokens each."""

import numpy as np
import tensorflow as tf

from data.buckets import GRAIN, Buckets, Position, column, dense, longest, round_up
from data.errors import UserError
from data.tokenizer import END, START, Tokenizer


class Batches:
    """Token ids of sentence pairs, batched for training and for validation.

    A batch is `({"source": (rows, s), "target": (rows, t)}, labels (rows, t))`: the source ends
    with END, the target starts with START, the labels are the target one step ahead, ending with
    END. The rest is PAD. Which pairs meet in a batch, and when, is said by `Buckets`.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        sources: list[str],
        targets: list[str],
        *,
        batch_tokens: int,
        max_length: int | None = None,
        seed: int = 0,
        static_shapes: bool = False,
        merge_dropout: float = 0.0,
    ):
        """
        Args:
            sources, targets: the sentences, side by side.
            max_length: pairs with more tokens on either side are left out; `dropped` counts them.
            merge_dropout: see `Tokenizer.tokenize`; applied to both sides in training batches.
            batch_tokens, seed, static_shapes: see `Buckets`.
        """
        self._tokenizer = tokenizer
        self._merge_dropout = merge_dropout
        texts = [tf.constant(side) for side in (sources, targets)]
        ids = [tokenizer.tokenize(side) for side in texts]
        # One more for END on the source side, and for START or END on the target side.
        lengths = [side.row_lengths().numpy() + 1 for side in ids]
        fits = np.maximum(*lengths) - 1 <= (max_length or np.inf)
        self.dropped = int((~fits).sum())
        if not fits.any():
            raise UserError(f"No pair of sentences has at most {max_length} tokens on each side.")
        self._texts = [tf.boolean_mask(side, fits) for side in texts]
        self._ids = [tf.ragged.boolean_mask(side, fits) for side in ids]
        lengths = [side[fits] for side in lengths]
        self.tokens = int(lengths[1].sum())
        self._buckets = Buckets(
            lengths, batch_tokens=batch_tokens, seed=seed, static_shapes=static_shapes
        )
        self.padding_share = self._buckets.padding_share

    def __len__(self) -> int:
        """Steps of an epoch."""
        return len(self._buckets)

    def training(self, position: Position) -> tf.data.Dataset:
        """Batches of the epoch that `position` names when iteration starts, from its step on."""
        return self._buckets.training(position, self._filler(self._merge_dropout))

    def validation(self) -> tf.data.Dataset:
        """All pairs once, in an order that never changes, without merge dropout."""
        return self._buckets.validation(self._filler(0.0))

    def _filler(self, merge_dropout: float):
        def fill(indices, rows, source_width, target_width):
            if merge_dropout:
                source, target = (
                    self._tokenizer.tokenize(tf.gather(texts, indices), merge_dropout)
                    for texts in self._texts
                )
                # Words cut into more pieces need more room than the plan has.
                source_width, target_width = (
                    tf.maximum(width, round_up(longest(ids) + 1, GRAIN))
                    for ids, width in ((source, source_width), (target, target_width))
                )
            else:
                source, target = (tf.gather(ids, indices) for ids in self._ids)
            source = dense(tf.concat([source, column(indices, END)], 1), rows, source_width)
            before = dense(tf.concat([column(indices, START), target], 1), rows, target_width)
            after = dense(tf.concat([target, column(indices, END)], 1), rows, target_width)
            return {"source": source, "target": before}, after

        return fill

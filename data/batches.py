"""Batches of about N tokens, in length buckets, in an order that depends on (seed, epoch) alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from data.errors import UserError
from data.tokenizer import END, PAD, START, Tokenizer

# Widths are rounded up to a multiple of this, so that sentences of nearly the same length meet.
GRAIN = 4
# XLA compiles anew for every shape, so under XLA there are at most this many.
STATIC_SHAPES = 8


@dataclass
class Position:
    """Where training stands: the epoch, and the batch of that epoch which comes next."""

    epoch: int = 0
    step: int = 0


@dataclass(frozen=True)
class _Slot:
    """One batch of the plan: which stretch of the sorted pairs, padded to which shape."""

    start: int
    stop: int
    rows: int
    source_width: int
    target_width: int


class Batches:
    """Token ids of sentence pairs, batched for training and for validation.

    A batch is `({"source": (rows, s), "target": (rows, t)}, labels (rows, t))`: the source ends
    with END, the target starts with START, the labels are the target one step ahead, ending with
    END. The rest is PAD.

    The plan, which says how many rows of which width each batch has, depends on the lengths
    alone; an epoch's order decides which pairs fill it. So every epoch has the same number of
    steps, and a run that is resumed in the middle of one meets the batches it would have met.
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
            batch_tokens: at most so many positions, padding included, on each side of a batch
                (a batch has at least one pair, however long).
            max_length: pairs with more tokens on either side are left out; `dropped` counts them.
            seed: of the order of the epochs.
            static_shapes: for XLA: at most eight shapes, and short batches filled with empty rows.
            merge_dropout: see `Tokenizer.tokenize`; applied to both sides in training batches.
        """
        self._tokenizer = tokenizer
        self._merge_dropout = merge_dropout
        self._seed = seed
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
        widths = [_round_up(side, GRAIN) for side in lengths]
        if static_shapes:
            both = _bucket_widths(np.maximum(*widths))
            widths = [both, both]
        self._widths = widths
        order = np.lexsort(widths)
        self._plan = _plan(widths[0][order], widths[1][order], batch_tokens, static_shapes)
        cells = sum(slot.rows * (slot.source_width + slot.target_width) for slot in self._plan)
        self.padding_share = 1.0 - (lengths[0].sum() + lengths[1].sum()) / cells

    def __len__(self) -> int:
        """Steps of an epoch."""
        return len(self._plan)

    def training(self, position: Position) -> tf.data.Dataset:
        """Batches of the epoch that `position` names when iteration starts, from its step on."""

        def batches() -> Iterator[tuple]:
            random = np.random.default_rng((self._seed, position.epoch))
            # The last key of lexsort rules: pairs of the same widths come in random order.
            ties = random.permutation(len(self._widths[0]))
            order = np.lexsort((ties, *self._widths))
            for slot in random.permutation(len(self._plan))[position.step :]:
                yield self._cut(self._plan[slot], order)

        return self._dataset(batches, len(self) - position.step, self._merge_dropout)

    def validation(self) -> tf.data.Dataset:
        """All pairs once, in an order that never changes, without merge dropout."""

        def batches() -> Iterator[tuple]:
            order = np.lexsort(self._widths)
            for slot in self._plan:
                yield self._cut(slot, order)

        return self._dataset(batches, len(self), 0.0)

    def _cut(self, slot: _Slot, order: np.ndarray) -> tuple:
        indices = order[slot.start : slot.stop].astype(np.int32)
        return indices, slot.rows, slot.source_width, slot.target_width

    def _dataset(self, batches, steps: int, merge_dropout: float) -> tf.data.Dataset:
        def fill(indices, rows, source_width, target_width):
            if merge_dropout:
                source, target = (
                    self._tokenizer.tokenize(tf.gather(texts, indices), merge_dropout)
                    for texts in self._texts
                )
                # Words cut into more pieces need more room than the plan has.
                source_width, target_width = (
                    tf.maximum(width, _round_up(_longest(ids) + 1, GRAIN))
                    for ids, width in ((source, source_width), (target, target_width))
                )
            else:
                source, target = (tf.gather(ids, indices) for ids in self._ids)
            source = _dense(tf.concat([source, _column(indices, END)], 1), rows, source_width)
            before = _dense(tf.concat([_column(indices, START), target], 1), rows, target_width)
            after = _dense(tf.concat([target, _column(indices, END)], 1), rows, target_width)
            return {"source": source, "target": before}, after

        scalar = tf.TensorSpec((), tf.int32)
        dataset = tf.data.Dataset.from_generator(
            batches,
            output_signature=(tf.TensorSpec((None,), tf.int32), scalar, scalar, scalar),
        ).apply(tf.data.experimental.assert_cardinality(steps))
        # Two at once hide the making of a batch behind a step; `map` keeps their order.
        return dataset.map(fill, num_parallel_calls=2).prefetch(4)


def _longest(ids: tf.RaggedTensor):
    return tf.cast(tf.reduce_max(ids.row_lengths()), tf.int32)


def _round_up(lengths, grain: int):
    return (lengths + grain - 1) // grain * grain


def _bucket_widths(widths: np.ndarray) -> np.ndarray:
    """Each width rounded up to one of eight that hold about the same number of positions."""
    ordered = np.sort(widths)
    share = np.cumsum(ordered) / ordered.sum()
    edges = [
        ordered[np.searchsorted(share, (i + 1) / STATIC_SHAPES - 1e-9)]
        for i in range(STATIC_SHAPES - 1)
    ]
    edges = np.unique([*edges, ordered[-1]])
    return edges[np.searchsorted(edges, widths)]


def _plan(
    source_widths: np.ndarray, target_widths: np.ndarray, batch_tokens: int, static: bool
) -> list[_Slot]:
    """Cuts the sorted pairs into batches of at most `batch_tokens` positions a side."""
    slots = []
    start = 0
    while start < len(target_widths):
        stop, source, target = start, 0, 0
        while stop < len(target_widths):
            wider = max(source, int(source_widths[stop])), max(target, int(target_widths[stop]))
            over = max(wider) * (stop + 1 - start) > batch_tokens
            if stop > start and (over or (static and wider != (source, target))):
                break
            source, target = wider
            stop += 1
        rows = max(1, batch_tokens // source) if static else stop - start
        slots.append(_Slot(start, stop, rows, source, target))
        start = stop
    return slots


def _column(indices, token: int):
    return tf.fill((tf.size(indices), 1), token)


def _dense(ids, rows, width):
    dense = ids.to_tensor(PAD)
    shape = tf.shape(dense)
    dense = dense[:, :width]
    missing = [[0, rows - shape[0]], [0, tf.maximum(0, width - shape[1])]]
    return tf.ensure_shape(tf.pad(dense, missing, constant_values=PAD), (None, None))

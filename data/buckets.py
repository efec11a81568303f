"""Buckets: examples of like length meet, in an order that depends on (seed, epoch) alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from data.tokenizer import PAD

# Widths are rounded up to a multiple of this, so that texts of nearly the same length meet.
GRAIN = 4
# XLA compiles anew for every shape, so under XLA there are at most this many.
STATIC_SHAPES = 8


@dataclass
class Position:
    """Where training stands: the epoch, and the batch of that epoch which comes next."""

    epoch: int = 0
    step: int = 0


@dataclass(frozen=True)
class Slot:
    """One batch of the plan: which stretch of the sorted examples, padded to which shape."""

    start: int
    stop: int
    rows: int
    widths: tuple[int, ...]


class Buckets:
    """The plan of an epoch: how many rows of which width each batch has, and which examples.

    An example has one length for each side, such as source and target. The plan depends on the
    lengths alone; an epoch's order decides which examples fill it. So every epoch has the same
    number of steps, and a run that is resumed in the middle of one meets the batches it would have
    met.
    """

    def __init__(
        self,
        lengths: Sequence[np.ndarray],
        *,
        batch_tokens: int,
        seed: int = 0,
        static_shapes: bool = False,
    ):
        """
        Args:
            lengths: of each side, those of all examples, `(examples,)`.
            batch_tokens: at most so many positions, padding included, on each side of a batch
                (a batch has at least one example, however long).
            seed: of the order of the epochs.
            static_shapes: at most eight shapes, and short batches filled with empty rows.
        """
        self._seed = seed
        widths = [round_up(side, GRAIN) for side in lengths]
        if static_shapes:
            common = _bucket_widths(np.max(widths, axis=0))
            widths = [common] * len(widths)
        self._widths = widths
        order = np.lexsort(widths)
        sides = [side[order] for side in widths]
        self._plan = _plan(sides, batch_tokens, static_shapes)
        cells = sum(slot.rows * sum(slot.widths) for slot in self._plan)
        self.padding_share = 1.0 - sum(side.sum() for side in lengths) / cells

    def __len__(self) -> int:
        """Steps of an epoch."""
        return len(self._plan)

    def training(self, position: Position, fill: Callable) -> tf.data.Dataset:
        """Batches of the epoch that `position` names when iteration starts, from its step on.

        Args:
            fill: function of the indices of examples `(n,)`, the number of rows, at least n, and
                the width of each side: what the batch is then made of.
        """

        def batches() -> Iterator[tuple]:
            random = np.random.default_rng((self._seed, position.epoch))
            # The last key of lexsort rules: examples of the same widths come in random order.
            ties = random.permutation(len(self._widths[0]))
            order = np.lexsort((ties, *self._widths))
            for slot in random.permutation(len(self._plan))[position.step :]:
                yield _cut(self._plan[slot], order)

        return self._dataset(batches, len(self) - position.step, fill)

    def validation(self, fill: Callable) -> tf.data.Dataset:
        """All examples once, in the order of `order`."""

        def batches() -> Iterator[tuple]:
            order = self.order
            for slot in self._plan:
                yield _cut(slot, order)

        return self._dataset(batches, len(self), fill)

    def plain(self, fill: Callable) -> Iterator:
        """The batches of `validation` without a pipeline, which a few are not worth."""
        order = self.order
        return (fill(*_cut(slot, order)) for slot in self._plan)

    @property
    def order(self) -> np.ndarray:
        """The index of each example in the order of `validation`, which never changes."""
        return np.lexsort(self._widths)

    def _dataset(self, batches, steps: int, fill: Callable) -> tf.data.Dataset:
        scalar = tf.TensorSpec((), tf.int32)
        dataset = tf.data.Dataset.from_generator(
            batches,
            output_signature=(
                tf.TensorSpec((None,), tf.int32),
                *[scalar] * (1 + len(self._widths)),
            ),
        ).apply(tf.data.experimental.assert_cardinality(steps))
        # AutoGraph has nothing to convert. Two at once hide the making of a batch behind a step;
        # `map` keeps their order.
        fill = tf.autograph.experimental.do_not_convert(fill)
        return untuned(dataset.map(fill, num_parallel_calls=2).prefetch(4))


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The dataset without autotuning, which has nothing to choose where all sizes are given.

    Its thread sleeps 10, 20, 40, ... milliseconds, up to a minute, and now and then an iterator
    that ends waits until it wakes.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def round_up(lengths, grain: int):
    """The next multiple of `grain` from each length on."""
    return (lengths + grain - 1) // grain * grain


def dense(ids: tf.RaggedTensor, rows, width) -> tf.Tensor:
    """Token ids `(rows, width)`, what is missing filled with PAD; longer rows are cut."""
    filled = ids.to_tensor(PAD)
    shape = tf.shape(filled)
    filled = filled[:, :width]
    missing = [[0, rows - shape[0]], [0, tf.maximum(0, width - shape[1])]]
    return tf.ensure_shape(tf.pad(filled, missing, constant_values=PAD), (None, None))


def longest(ids: tf.RaggedTensor) -> tf.Tensor:
    """The length of the longest row."""
    return tf.cast(tf.reduce_max(ids.row_lengths()), tf.int32)


def column(indices, token: int) -> tf.Tensor:
    """A token for each row, `(rows, 1)`, to write before or behind it."""
    return tf.fill((tf.size(indices), 1), token)


def _cut(slot: Slot, order: np.ndarray) -> tuple:
    return order[slot.start : slot.stop].astype(np.int32), slot.rows, *slot.widths


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


def _plan(sides: Sequence[np.ndarray], batch_tokens: int, static: bool) -> list[Slot]:
    """Cuts the sorted examples into batches of at most `batch_tokens` positions a side."""
    slots = []
    start, count = 0, len(sides[0])
    while start < count:
        stop, widths = start, (0,) * len(sides)
        while stop < count:
            wider = tuple(max(w, int(side[stop])) for w, side in zip(widths, sides, strict=True))
            over = max(wider) * (stop + 1 - start) > batch_tokens
            if stop > start and (over or (static and wider != widths)):
                break
            widths = wider
            stop += 1
        rows = max(1, batch_tokens // widths[0]) if static else stop - start
        slots.append(Slot(start, stop, rows, widths))
        start = stop
    return slots

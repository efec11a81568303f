"""Who may see whom, and a softmax that keeps to it."""

import keras
from keras import ops

# Added to a score that must not be seen: its exponential is exactly zero beside any other
# score, and unlike the lowest float it stays finite when a score is added to it.
HIDDEN = -1e9


def both(mask, other):
    """The conjunction of two masks of shapes that broadcast; either may be None."""
    if other is None:
        return mask
    other = ops.cast(other, "bool")
    return other if mask is None else ops.logical_and(mask, other)


def distances(time, memory_time, offset=0):
    """How many positions each query comes after each key; negative for keys of its future.

    Args:
        time: number of queries.
        memory_time: number of keys.
        offset: integer scalar, the position of the first query, where the first key has 0.

    Returns:
        int32 tensor `(time, memory_time)`.
    """
    queries = ops.arange(time, dtype="int32") + ops.cast(offset, "int32")
    return queries[:, None] - ops.arange(memory_time, dtype="int32")[None]


def sight(time, memory_time, offset=0, causal=False, window=None):
    """Where causality and a window let the queries look.

    Args:
        time, memory_time, offset: as for `distances`.
        causal: whether no query sees a key of its future.
        window: number above the distance of every key seen, to either side; None for all.

    Returns:
        Mask `(1, time, memory_time)`, None if everything is seen.
    """
    if not causal and window is None:
        return None
    distance = distances(time, memory_time, offset)
    mask = both(None, distance >= 0 if causal else None)
    return both(mask, None if window is None else ops.abs(distance) < window)[None]


def pair_mask(mask):
    """A mask of pairs of query and key, with the axis of a batch that it may lack; None if None.

    Args:
        mask: of a shape that broadcasts to `(time, memory_time)` or `(batch, time, memory_time)`.

    Returns:
        The mask with three axes.

    Raises:
        ValueError: if it has no two or three axes.
    """
    if mask is None:
        return None
    mask = ops.cast(mask, "bool")
    if len(mask.shape) not in (2, 3):
        raise ValueError(
            "The mask of an attention must be `(time, memory_time)` or `(batch, time, "
            f"memory_time)`, the same for all heads, got the shape {tuple(mask.shape)}."
        )
    return mask[None] if len(mask.shape) == 2 else mask


def joint_mask(query_mask=None, memory_masks=(), attention_mask=None):
    """The conjunction of masks of queries `(batch, time)`, of keys `(batch, memory_time)`, and of
    both, as `pair_mask` takes it, in a shape that broadcasts to `(batch, time, memory_time)`; None
    if all are.
    """
    mask = both(None, None if query_mask is None else query_mask[:, :, None])
    for memory_mask in memory_masks:
        mask = both(mask, None if memory_mask is None else memory_mask[:, None])
    return both(mask, pair_mask(attention_mask))


def own_entries(places, seen, beam):
    """Where a row sees its own past among the entries of all rows of its sentence.

    Args:
        places: int32 `(batch * beam, steps)`, the place of a row's own entry at each step.
        seen: mask `(1, 1, steps)` of the steps that rows see.
        beam: number of entries at each step, side by side.

    Returns:
        Mask `(batch, beam, steps * beam)`.
    """
    own = ops.equal(ops.expand_dims(places, -1), ops.arange(beam, dtype="int32"))
    own = ops.logical_and(own, ops.reshape(seen, (1, -1, 1)))
    return ops.reshape(own, (-1, beam, places.shape[1] * beam))


def masked_softmax(scores, mask=None, bias=None):
    """Softmax over the keys in at least float32; rows that see nothing are 0.

    Args:
        scores: `(batch, heads, time, memory_time)`.
        mask: True where a query may see a key, of a shape that broadcasts to `(batch, time,
            memory_time)`.
        bias: added to the scores in the precision of the softmax, of a shape that broadcasts
            to theirs.

    Returns:
        Probabilities in the shape of the scores.
    """
    scores = ops.cast(scores, keras.backend.result_type(scores.dtype, "float32"))
    if bias is not None:
        scores = scores + ops.cast(bias, scores.dtype)
    if mask is None:
        return softmax(scores)
    mask = mask[:, None]
    scores = softmax(scores + ops.cast(ops.where(mask, 0.0, HIDDEN), scores.dtype))
    return scores * ops.cast(ops.any(mask, axis=-1, keepdims=True), scores.dtype)


def softmax(scores):
    """Softmax over the last axis. Keras warns of one that can only be 1, as beside a single key."""
    return ops.ones_like(scores) if scores.shape[-1] == 1 else ops.softmax(scores)

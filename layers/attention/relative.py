"""Relative positions, as Transformer-XL has them."""

from keras import ops

from layers.attention.heads import grouped_product
from layers.attention.sinusoids import sinusoids


def relative_bias(queries, kernel, memory_time, offset, groups):
    """What the distances of keys add to the scores (Dai et al., 2019, section 3.3).

    Terms (b) and (d), (W_q x_i + v)^T W_kR R_(i-j), for queries that hold the sum in brackets.

    Args:
        queries: `(batch, heads, time, width)`.
        kernel: W_kR, `(units, groups * width)`, for sinusoids of `units` features.
        memory_time: number of keys.
        offset: integer scalar, the position of the first query, where the first key has 0.
        groups: number of heads of the kernel, a divisor of the heads.

    Returns:
        Tensor `(batch, heads, time, memory_time)`.
    """
    time = ops.shape(queries)[2]
    largest = ops.cast(offset, "int32") + time - 1
    distances = largest - ops.arange(time + memory_time - 1, dtype="int32")
    sines = sinusoids(ops.cast(distances, "float32")[:, None], kernel.shape[0])
    keys = ops.matmul(ops.cast(sines, kernel.dtype), kernel)
    keys = ops.reshape(keys, (1, -1, groups, kernel.shape[1] // groups))
    keys = ops.transpose(keys, (0, 2, 3, 1))
    # Repeated here, since the product of TensorFlow 2.21 corrupts memory (it ends in "free():
    # invalid size" on a CPU) where it is to broadcast (1, 1, n, m) to a batch.
    keys = ops.broadcast_to(keys, (ops.shape(queries)[0], *ops.shape(keys)[1:]))
    scores = grouped_product(queries, keys)
    return relative_shift(scores, memory_time)


def relative_shift(scores, memory_time):
    """From scores by distance to scores by key (Dai et al., 2019, appendix B).

    The query at t and the key at s are at the distance of column time - 1 - t + s. With one
    column more at the left, and the rows then read as one shorter than that, every row stands
    one column further to the left than the row above it stood: no gather is needed.

    Args:
        scores: `(batch, heads, time, time + memory_time - 1)`, the largest distance first.
        memory_time: number of keys.

    Returns:
        Tensor `(batch, heads, time, memory_time)`.
    """
    batch, heads, time, count = ops.shape(scores)
    scores = ops.pad(scores, ((0, 0), (0, 0), (0, 0), (1, 0)))
    scores = ops.reshape(scores, (batch, heads, time * (count + 1)))[:, :, time:]
    return ops.reshape(scores, (batch, heads, time, count))[..., :memory_time]

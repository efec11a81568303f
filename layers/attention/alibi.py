"""Attention with linear biases."""

import numpy as np
from keras import ops


def alibi_slopes(heads):
    """The slope of every head (Press et al., 2022, section 3).

    For a power of two, `heads` terms of the geometric sequence that starts at 2^(-8 / heads)
    and has that ratio. For other numbers, as in the authors' code: the slopes of the power of
    two below, then every other slope of the power of two above, from its first.

    Returns:
        List of `heads` floats.
    """

    def geometric(count):
        return [2.0 ** (-8 * (index + 1) / count) for index in range(count)]

    power = 1 << (heads.bit_length() - 1)
    return geometric(power) + geometric(2 * power)[::2][: heads - power]


def alibi_bias(distances, heads):
    """What is added to the scores: `-slope * |distance|`.

    Press et al. have keys of the past only; here keys of the future count by their distance, too,
    for attention that is not causal.

    Args:
        distances: integer tensor `(time, memory_time)`.
        heads: number of heads.

    Returns:
        float32 tensor `(heads, time, memory_time)`.
    """
    slopes = np.array(alibi_slopes(heads), "float32")[:, None, None]
    return ops.convert_to_tensor(-slopes) * ops.cast(ops.abs(distances), "float32")

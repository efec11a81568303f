"""Rotary positions."""

import numpy as np
from keras import ops


def rotate(inputs, offset=0):
    """Turns the features of every position by angles that grow with it (Su et al., 2021).

    Features i and width / 2 + i are a point of the plane, which is turned by the angle
    position * 10000^(-2i / width) (equations 15 and 34). The paper pairs features 2i and 2i + 1:
    the same up to their order, which is learnt, but neighbours are slow to take apart. The product
    of a rotated query and a rotated key depends on the difference of their positions alone.

    Args:
        inputs: queries or keys `(batch, heads, time, width)`; the width is even.
        offset: integer scalar, the position of the first of them.

    Returns:
        Tensor like the inputs.
    """
    time, width = ops.shape(inputs)[2], inputs.shape[-1]
    # Angles in float32, as half precision cannot tell apart the positions beyond some hundreds.
    positions = ops.arange(time, dtype="int32") + ops.cast(offset, "int32")
    rates = (10000.0 ** (-np.arange(0, width, 2) / width)).astype("float32")
    angles = ops.cast(positions, "float32")[:, None] * ops.convert_to_tensor(rates)
    cosines, sines = (ops.cast(part, inputs.dtype) for part in (ops.cos(angles), ops.sin(angles)))
    x, y = ops.split(inputs, 2, axis=-1)
    turned = ops.concatenate([y, x], axis=-1) * ops.concatenate([-sines, sines], axis=-1)
    return inputs * ops.concatenate([cosines, cosines], axis=-1) + turned

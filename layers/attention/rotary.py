"""Rotary positions."""

import numpy as np
from keras import ops


def rotate(inputs, offset=0):
    """Turns the features of every position by angles that grow with it (Su et al., 2021).

    Features 2i and 2i + 1 are a point of the plane, which is turned by the angle
    position * 10000^(-2i / width) (equations 15 and 34). The product of a rotated query and a
    rotated key depends on the difference of their positions alone.

    Args:
        inputs: queries or keys `(batch, heads, time, width)`; the width is even.
        offset: integer scalar, the position of the first of them.

    Returns:
        Tensor like the inputs.
    """
    shape, width = ops.shape(inputs), inputs.shape[-1]
    # Angles in float32, as half precision cannot tell apart the positions beyond some hundreds.
    positions = ops.arange(shape[2], dtype="int32") + ops.cast(offset, "int32")
    rates = (10000.0 ** (-np.arange(0, width, 2) / width)).astype("float32")
    angles = ops.cast(positions, "float32")[:, None] * ops.convert_to_tensor(rates)
    cosines, sines = (ops.cast(part, inputs.dtype) for part in (ops.cos(angles), ops.sin(angles)))
    points = ops.reshape(inputs, (*shape[:3], width // 2, 2))
    x, y = points[..., 0], points[..., 1]
    turned = ops.stack([x * cosines - y * sines, x * sines + y * cosines], axis=-1)
    return ops.reshape(turned, shape)

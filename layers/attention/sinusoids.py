"""Positions as sines and cosines of many wavelengths."""

import numpy as np
from keras import ops


def sinusoids(positions, units):
    """The sines that tell positions apart (Vaswani et al., 2017, section 3.5):

        PE(position, 2i)     = sin(position / 10000^(2i / units))
        PE(position, 2i + 1) = cos(position / 10000^(2i / units))

    Args:
        positions: float32 tensor `(..., 1)`, as half precision cannot tell apart the positions
            beyond some hundreds; any sign.
        units: number of sines.

    Returns:
        float32 tensor `(..., units)`.
    """
    channels = np.arange(units)
    rates = (10000.0 ** -(channels // 2 * 2 / units)).astype("float32")
    angles = positions * ops.convert_to_tensor(rates)
    return ops.where(channels % 2 == 0, ops.sin(angles), ops.cos(angles))

"""Dropout that spends one random byte per element, and seeds for many of them."""

import keras
import numpy as np
from keras import ops


def derive_seeds(seed, count):
    """Returns `count` seeds that depend on `seed` alone, or `count` times None without one."""
    if seed is None:
        return [None] * count
    # SeedGenerator wants non-negative numbers that fit in 31 bits on every backend.
    return [int(word >> 1) for word in np.random.SeedSequence(seed).generate_state(count)]


@keras.saving.register_keras_serializable("working_memory")
class ByteDropout(keras.layers.Layer):
    """Dropout (Srivastava et al., 2014) with a random byte, not a random float, per element.

    Drawing random numbers is most of what dropout costs on a CPU. One 32-bit draw decides
    four elements here, and the mask is kept as the factor that the gradient multiplies by.

    The rate is rounded to the nearest of 1/256, 2/256, ..., 255/256 (0.1 becomes 26/256). The
    elements kept are scaled by the rounded rate, so that the expectation of the output is
    exactly the input.

    Call arguments: `inputs` of any shape and `training`. The output has the shape of the inputs.

    Args:
        rate: share of the elements set to zero, from 0 (does nothing) to below 1.
        seed: integer seed of the draws.

    Raises:
        ValueError: if `rate` is outside [0, 1).
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"`rate` must be at least 0 and below 1, got {rate}.")
        self.rate = rate
        self.seed = seed
        self.dropped_bytes = min(max(round(rate * 256), 1), 255) if rate > 0 else 0
        if rate > 0:
            self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs, training=False):
        if not training or self.dropped_bytes == 0:
            return inputs
        kept = ops.cast(self._bytes(inputs) >= self.dropped_bytes, inputs.dtype)
        return inputs * (kept * (256.0 / (256 - self.dropped_bytes)))

    def _bytes(self, inputs):
        """Returns uniform bytes in the shape of `inputs`."""
        shape = ops.shape(inputs)
        count = 1
        for size in shape:
            count = count * size
        words = keras.random.randint(
            ((count + 3) // 4, 1), -(2**31), 2**31 - 1, dtype="int32", seed=self.seed_generator
        )
        drawn = ops.reshape(ops.view(words, "uint8"), (-1,))
        return ops.reshape(drawn[:count], shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}

"""Sinusoidal positions."""

import keras
from keras import ops

from layers.attention.sinusoids import sinusoids


@keras.saving.register_keras_serializable("working_memory")
class SinusoidalPositions(keras.layers.Layer):
    """Adds to every position the sines that tell it apart (Vaswani et al., 2017, section 3.5):

        PE(position, 2i)     = sin(position / 10000^(2i / features))
        PE(position, 2i + 1) = cos(position / 10000^(2i / features))

    Call arguments:
        inputs: `(batch, time, features)`; the length may be unknown, and there is no longest one.
        offset: the position of the first time step: an integer, an integer scalar, or one
            integer for every row, `(batch,)`. Decoding step by step passes its step number.

    The output has the shape of the inputs.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs, offset=0):
        time, units = ops.shape(inputs)[1], inputs.shape[-1]
        # (1, time, 1) or, with an offset for every row, (batch, time, 1).
        offset = ops.reshape(ops.cast(offset, "float32"), (-1, 1, 1))
        positions = offset + ops.cast(ops.arange(time, dtype="int32"), "float32")[None, :, None]
        return inputs + ops.cast(sinusoids(positions, units), inputs.dtype)

    def compute_output_shape(self, inputs_shape, offset_shape=None):
        return tuple(inputs_shape)

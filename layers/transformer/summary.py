"""A Transformer that summarises a sequence to one vector."""

import keras
from keras import ops

from layers.transformer.encoder import TransformerEncoder


@keras.saving.register_keras_serializable("working_memory")
class TransformerSummary(TransformerEncoder):
    """The mean over time of what a `TransformerEncoder` makes of a sequence.

    Call arguments:
        inputs: `(batch, time, units)`.
        mask: `(batch, time)`, True where a position is real. Others are not seen and not counted;
            a sequence with no real position gives zeros.
        training: whether to drop.

    The output is `(batch, units)`. Constructor arguments: see `TransformerStack`.
    """

    def call(self, inputs, mask=None, training=None):
        outputs = super().call(inputs, mask=mask, training=training)
        if mask is None:
            return ops.mean(outputs, axis=1)
        # Summed in float32, as half precision loses the small terms of a long sum.
        real = ops.cast(mask, "float32")[:, :, None]
        total = ops.sum(ops.cast(outputs, "float32") * real, axis=1)
        mean = total / ops.maximum(ops.sum(real, axis=1), 1.0)
        return ops.cast(mean, self.compute_dtype)

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def compute_output_shape(self, inputs_shape):
        return (inputs_shape[0], inputs_shape[-1])

"""A Transformer that encodes a sequence."""

import keras

from layers.transformer.encoder_block import TransformerEncoderBlock
from layers.transformer.stack import TransformerStack


@keras.saving.register_keras_serializable("working_memory")
class TransformerEncoder(TransformerStack):
    """Positions, a stack of encoder blocks, a last normalization.

    Vaswani et al. (2017, section 3.1), by default with the normalization first in each block. Its
    memory is everything it is given: every position sees every other, or those in its window; if
    `causal`, none sees those after it, as a language model must not.

    Call arguments:
        inputs: `(batch, time, units)`.
        mask: `(batch, time)`, True where a position is real. Others are not seen; what comes out
            at them means nothing.
        training: whether to drop.

    The output is `(batch, time, units)`. Constructor arguments: see `TransformerStack`, and
    `causal`.
    """

    block_class = TransformerEncoderBlock

    def __init__(self, *args, causal=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.causal = causal

    def build(self, inputs_shape):
        self.build_stack(inputs_shape)

    def call(self, inputs, mask=None, training=None):
        outputs = self.enter(inputs)
        for block in self.blocks:
            outputs = block(outputs, mask=mask, training=training, use_causal_mask=self.causal)
        return self.leave(outputs)

    def compute_output_shape(self, inputs_shape):
        return tuple(inputs_shape)

    def get_config(self):
        return {**super().get_config(), "causal": self.causal}

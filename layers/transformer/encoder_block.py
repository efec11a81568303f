"""One layer of a Transformer encoder."""

import keras

from layers.dropout import ByteDropout, derive_seeds
from layers.transformer.block import TransformerBlock


@keras.saving.register_keras_serializable("working_memory")
class TransformerEncoderBlock(TransformerBlock):
    """Self-attention and a feed-forward network, each on a residual branch.

    Vaswani et al. (2017, section 3.1), by default with the normalization first:

        x = x + dropout(attention(norm(x)))
        x = x + dropout(feed_forward(norm(x)))

    Call arguments:
        inputs: `(batch, time, features)`.
        mask: `(batch, time)`, True where a position is real. Others are not seen.
        training: whether to drop.
        use_causal_mask: whether no position sees those after it.

    The output has the shape of the inputs. Constructor arguments: see `TransformerBlock`.
    """

    def build(self, inputs_shape):
        dtype = self.dtype_policy
        seeds = derive_seeds(self.seed, 4)
        self.attention_norm = self.make_norm("attention_norm")
        self.attention = self.make_attention(
            inputs_shape[-1], seeds[0], positions=self.positions, window=self.window
        )
        self.attention_drop = ByteDropout(self.dropout, seeds[1], dtype=dtype)
        self.forward_norm = self.make_norm("forward_norm")
        self.feed_forward = self.make_feed_forward(seeds[2])
        self.forward_drop = ByteDropout(self.dropout, seeds[3], dtype=dtype)
        self.attention_norm.build(inputs_shape)
        self.attention.build(inputs_shape, inputs_shape)
        self.forward_norm.build(inputs_shape)
        self.feed_forward.build(inputs_shape)

    def call(self, inputs, mask=None, training=None, use_causal_mask=False):
        normal = self.enter(self.attention_norm, inputs)
        branch = self.attention(
            normal, normal, value_mask=mask, use_causal_mask=use_causal_mask, training=training
        )
        return self.finish(inputs, branch, training)

    def finish(self, inputs, branch, training):
        """Adds what the attention found, then what the feed-forward network makes of that."""
        branch = self.attention_drop(branch, training=training)
        outputs = self.leave(self.attention_norm, inputs, branch)
        branch = self.feed_forward(self.enter(self.forward_norm, outputs), training=training)
        branch = self.forward_drop(branch, training=training)
        return self.leave(self.forward_norm, outputs, branch)

    def compute_output_shape(self, inputs_shape, mask_shape=None):
        return tuple(inputs_shape)

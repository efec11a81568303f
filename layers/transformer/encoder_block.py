"""One layer of a Transformer encoder."""

import keras

from layers.attention.multi_head import MultiHeadAttention
from layers.dropout import ByteDropout, derive_seeds
from layers.transformer.feed_forward import FeedForward


@keras.saving.register_keras_serializable("working_memory")
class TransformerEncoderBlock(keras.layers.Layer):
    """Self-attention and a feed-forward network, each on a residual branch.

    The layer normalization comes first in each branch (pre-norm, Xiong et al., 2020), where
    Vaswani et al. (2017, section 3.1) have it after the sum: training is stable without a long
    warm-up, and a stack of blocks needs one more normalization at its end.

        x = x + dropout(attention(norm(x)))
        x = x + dropout(feed_forward(norm(x)))

    Call arguments:
        inputs: `(batch, time, features)`.
        mask: `(batch, time)`, True where a position is real. Others are not seen.
        training: whether to drop.

    The output has the shape of the inputs.

    Args:
        num_heads: number of attention heads; divides the features.
        hidden_units: width of the hidden layer of the feed-forward network.
        dropout: rate on the residual branches, the one place where Vaswani et al. (2017, section
            5.4) drop inside of a block.
        attention_dropout: rate of dropout of the attention probabilities.
        hidden_dropout: rate of dropout of the hidden layer of the feed-forward network.
        seed: integer seed of the dropout.

    Raises:
        ValueError: if the features are not a multiple of `num_heads`.
    """

    def __init__(
        self,
        num_heads,
        hidden_units,
        dropout=0.0,
        attention_dropout=0.0,
        hidden_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.attention_dropout = attention_dropout
        self.hidden_dropout = hidden_dropout
        self.seed = seed
        self.supports_masking = True

    def build(self, inputs_shape):
        width = head_width(inputs_shape[-1], self.num_heads)
        dtype = self.dtype_policy
        seeds = derive_seeds(self.seed, 4)
        self.attention_norm = keras.layers.LayerNormalization(dtype=dtype, name="attention_norm")
        self.attention = MultiHeadAttention(
            self.num_heads, width, dropout=self.attention_dropout, seed=seeds[0], dtype=dtype
        )
        self.attention_drop = ByteDropout(self.dropout, seeds[1], dtype=dtype)
        self.forward_norm = keras.layers.LayerNormalization(dtype=dtype, name="forward_norm")
        self.feed_forward = FeedForward(
            self.hidden_units, self.hidden_dropout, seeds[2], dtype=dtype
        )
        self.forward_drop = ByteDropout(self.dropout, seeds[3], dtype=dtype)
        self.attention_norm.build(inputs_shape)
        self.attention.build(inputs_shape, inputs_shape)
        self.forward_norm.build(inputs_shape)
        self.feed_forward.build(inputs_shape)

    def call(self, inputs, mask=None, training=None):
        normal = self.attention_norm(inputs)
        branch = self.attention(normal, normal, value_mask=mask, training=training)
        outputs = inputs + self.attention_drop(branch, training=training)
        branch = self.feed_forward(self.forward_norm(outputs), training=training)
        return outputs + self.forward_drop(branch, training=training)

    def compute_output_shape(self, inputs_shape, mask_shape=None):
        return tuple(inputs_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "hidden_dropout": self.hidden_dropout,
            "seed": self.seed,
        }


def head_width(units, num_heads):
    """Returns the width of one of `num_heads` heads that share `units` features.

    Raises:
        ValueError: if `units` is not a multiple of `num_heads`.
    """
    if units % num_heads:
        raise ValueError(
            f"The number of features must be a multiple of the number of heads, got {units} "
            f"features and {num_heads} heads."
        )
    return units // num_heads

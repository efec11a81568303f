"""What the blocks of a Transformer share."""

import keras

from layers.attention.multi_head import MultiHeadAttention
from layers.transformer.feed_forward import ACTIVATIONS, FeedForward, one_of

NORMS = ("layer", "rms")


class TransformerBlock(keras.layers.Layer):
    """Residual branches, each with a normalization:

        x = x + dropout(branch(norm(x)))        norm_first (pre-norm, Xiong et al., 2020)
        x = norm(x + dropout(branch(x)))        not norm_first (post-norm, Vaswani et al., 2017)

    With the normalization first, training is stable without a long warm-up, and a stack of blocks
    needs one more normalization at its end.

    Args:
        num_heads: number of attention heads; divides the features.
        hidden_units: width of the hidden layer of the feed-forward network.
        dropout: rate on the residual branches, the one place where Vaswani et al. (2017, section
            5.4) drop inside of a block.
        attention_dropout: rate of dropout of the attention probabilities.
        hidden_dropout: rate of dropout of the hidden layer of the feed-forward network.
        seed: integer seed of the dropout.
        norm_first: whether the normalization comes before the branch or after the sum.
        norm: "layer" (Ba et al., 2016) or "rms" (Zhang & Sennrich, 2019).
        activation: of the feed-forward network, see `FeedForward`: "relu", "gelu" or "swiglu".
        positions: of the self-attention, see `MultiHeadAttention`: None, "rotary", "alibi" or
            "relative".
        window: how far the self-attention sees, see `MultiHeadAttention`; everywhere if None.
        num_key_value_heads: number of heads of the keys and values of every attention, a divisor
            of `num_heads`, which it is if None.

    Raises:
        ValueError: if the features are not a multiple of `num_heads`, or an argument has none of
            its values.
    """

    def __init__(
        self,
        num_heads,
        hidden_units,
        dropout=0.0,
        attention_dropout=0.0,
        hidden_dropout=0.0,
        seed=None,
        norm_first=True,
        norm="layer",
        activation="relu",
        positions=None,
        window=None,
        num_key_value_heads=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.attention_dropout = attention_dropout
        self.hidden_dropout = hidden_dropout
        self.seed = seed
        self.norm_first = norm_first
        self.norm = one_of(NORMS, "norm", norm)
        self.activation = one_of(ACTIVATIONS, "activation", activation)
        self.positions = positions
        self.window = window
        self.num_key_value_heads = num_key_value_heads
        self.supports_masking = True

    def make_norm(self, name):
        return make_norm(self.norm, self.dtype_policy, name)

    def make_attention(self, units, seed, **options):
        """A `MultiHeadAttention` whose heads share `units` features."""
        return MultiHeadAttention(
            self.num_heads,
            head_width(units, self.num_heads),
            dropout=self.attention_dropout,
            seed=seed,
            num_key_value_heads=self.num_key_value_heads,
            dtype=self.dtype_policy,
            **options,
        )

    def make_feed_forward(self, seed):
        return FeedForward(
            self.hidden_units,
            self.hidden_dropout,
            seed,
            activation=self.activation,
            dtype=self.dtype_policy,
        )

    def enter(self, norm, inputs):
        """What a branch sees of the inputs."""
        return norm(inputs) if self.norm_first else inputs

    def leave(self, norm, inputs, branch):
        """The inputs with what a branch made of them."""
        outputs = inputs + branch
        return outputs if self.norm_first else norm(outputs)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "hidden_dropout": self.hidden_dropout,
            "seed": self.seed,
            "norm_first": self.norm_first,
            "norm": self.norm,
            "activation": self.activation,
            "positions": self.positions,
            "window": self.window,
            "num_key_value_heads": self.num_key_value_heads,
        }


def make_norm(norm, dtype, name):
    """Returns a normalization layer, "layer" or "rms"."""
    if norm == "layer":
        return keras.layers.LayerNormalization(dtype=dtype, name=name)
    layer = keras.layers.RMSNormalization(dtype=dtype, name=name)
    layer.supports_masking = True  # Keras says so of the other one only
    return layer


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

"""What the stacks of Transformer blocks share."""

import keras

from layers.attention.multi_head import POSITIONS
from layers.dropout import derive_seeds
from layers.transformer.block import NORMS, make_norm
from layers.transformer.feed_forward import ACTIVATIONS, one_of
from layers.transformer.positions import SinusoidalPositions


class TransformerStack(keras.layers.Layer):
    """Positions, blocks of one kind and, with the normalization first in each, one at the end.

    A subclass names its kind of block, `block_class`.

    Args:
        units: width of inputs and outputs.
        layers: number of blocks.
        heads: number of attention heads of a block; divides `units`.
        hidden_units: width of the hidden layer of the feed-forward networks, `4 * units` if None.
        dropout: rate of dropout of every residual branch (Vaswani et al., 2017, section 5.4);
            that of the embeddings is left to whoever embeds, as for every memory.
        attention_dropout: rate of dropout of the attention probabilities.
        hidden_dropout: rate of dropout of the hidden layers of the feed-forward networks.
        seed: integer seed of all dropout.
        positions: "sinusoidal" positions are added to the inputs; "rotary", "alibi" and
            "relative" ones are known to the self-attention of every block alone, see
            `MultiHeadAttention`; None leaves the order of the inputs unknown, but to a causal
            mask.
        norm_first: whether the normalization of a branch comes first or after the sum, see
            `TransformerBlock`.
        norm: "layer" or "rms".
        activation: "relu", "gelu" or "swiglu", see `FeedForward`.
        window: how far the self-attention sees, see `MultiHeadAttention`; everywhere if None.
        key_value_heads: number of heads of keys and values, a divisor of `heads`, which it is if
            None, see `MultiHeadAttention`.

    Raises:
        ValueError: if `layers` is not positive, the inputs are not `units` wide, or an argument
            has none of its values.
    """

    block_class = None

    def __init__(
        self,
        units,
        layers=4,
        heads=4,
        hidden_units=None,
        dropout=0.0,
        attention_dropout=0.0,
        hidden_dropout=0.0,
        seed=None,
        positions="sinusoidal",
        norm_first=True,
        norm="layer",
        activation="relu",
        window=None,
        key_value_heads=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if layers <= 0:
            raise ValueError(f"`layers` must be positive, got {layers}.")
        self.units = units
        self.layers = layers
        self.heads = heads
        self.hidden_units = 4 * units if hidden_units is None else hidden_units
        self.dropout = dropout
        self.attention_dropout = attention_dropout
        self.hidden_dropout = hidden_dropout
        self.seed = seed
        self.positions = one_of(("sinusoidal", *POSITIONS), "positions", positions)
        self.norm_first = norm_first
        self.norm = one_of(NORMS, "norm", norm)
        self.activation = one_of(ACTIVATIONS, "activation", activation)
        self.window = window
        self.key_value_heads = key_value_heads
        self.supports_masking = True

    def build_stack(self, inputs_shape, *more_shapes):
        """Makes and builds all parts; `more_shapes` go to the blocks after `inputs_shape`."""
        if inputs_shape[-1] != self.units:
            raise ValueError(
                f"The inputs of a {type(self).__name__} must be as wide as its `units`, got "
                f"inputs of shape {tuple(inputs_shape)} and units={self.units}."
            )
        dtype = self.dtype_policy
        seeds = derive_seeds(self.seed, self.layers)
        absolute = self.positions == "sinusoidal"
        self.sinusoids = SinusoidalPositions(dtype=dtype) if absolute else None
        for index in range(self.layers):
            block = self.block_class(
                self.heads,
                self.hidden_units,
                self.dropout,
                self.attention_dropout,
                self.hidden_dropout,
                seeds[index],
                norm_first=self.norm_first,
                norm=self.norm,
                activation=self.activation,
                positions=None if absolute else self.positions,
                window=self.window,
                num_key_value_heads=self.key_value_heads,
                dtype=dtype,
                name=f"block_{index}",
            )
            block.build(inputs_shape, *more_shapes)
            # An attribute each, as Keras does not restore every layer that a list holds.
            setattr(self, f"block_{index}", block)
        self.last_norm = None
        if self.norm_first:
            self.last_norm = make_norm(self.norm, dtype, "last_norm")
            self.last_norm.build(inputs_shape)

    @property
    def blocks(self):
        """The blocks, first to last."""
        return tuple(getattr(self, f"block_{index}") for index in range(self.layers))

    def enter(self, inputs, offset=0):
        """The inputs of the first block; `offset` as for `SinusoidalPositions`."""
        return inputs if self.sinusoids is None else self.sinusoids(inputs, offset=offset)

    def leave(self, outputs):
        """The outputs of the stack, from those of the last block."""
        return outputs if self.last_norm is None else self.last_norm(outputs)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "layers": self.layers,
            "heads": self.heads,
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "hidden_dropout": self.hidden_dropout,
            "seed": self.seed,
            "positions": self.positions,
            "norm_first": self.norm_first,
            "norm": self.norm,
            "activation": self.activation,
            "window": self.window,
            "key_value_heads": self.key_value_heads,
        }

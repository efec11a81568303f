"""What the stacks of Transformer blocks share."""

import keras

from layers.dropout import derive_seeds
from layers.transformer.positions import SinusoidalPositions


class TransformerStack(keras.layers.Layer):
    """Positions, blocks of one kind and a last layer normalization.

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

    Raises:
        ValueError: if `layers` is not positive, or the inputs are not `units` wide.
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
        self.positions = SinusoidalPositions(dtype=dtype)
        for index in range(self.layers):
            block = self.block_class(
                self.heads,
                self.hidden_units,
                self.dropout,
                self.attention_dropout,
                self.hidden_dropout,
                seeds[index],
                dtype=dtype,
                name=f"block_{index}",
            )
            block.build(inputs_shape, *more_shapes)
            # An attribute each, as Keras does not restore every layer that a list holds.
            setattr(self, f"block_{index}", block)
        self.last_norm = keras.layers.LayerNormalization(dtype=dtype, name="last_norm")
        self.last_norm.build(inputs_shape)

    @property
    def blocks(self):
        """The blocks, first to last."""
        return tuple(getattr(self, f"block_{index}") for index in range(self.layers))

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
        }

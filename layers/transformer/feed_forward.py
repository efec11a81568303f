"""The position-wise feed-forward network of a Transformer block."""

import keras

from layers.dropout import ByteDropout


@keras.saving.register_keras_serializable("working_memory")
class FeedForward(keras.layers.Layer):
    """`max(0, x W1 + b1) W2 + b2` at every position (Vaswani et al., 2017, equation 2).

    Call arguments: `inputs` `(batch, time, features)` and `training`. The output has the shape
    of the inputs.

    Args:
        hidden_units: width of the hidden layer.
        dropout: rate of dropout of the hidden layer.
        seed: integer seed of the dropout.
    """

    def __init__(self, hidden_units, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.seed = seed
        self.supports_masking = True

    def build(self, inputs_shape):
        self.hidden = keras.layers.Dense(
            self.hidden_units, activation="relu", dtype=self.dtype_policy, name="hidden"
        )
        self.dropout_layer = ByteDropout(self.dropout, self.seed, dtype=self.dtype_policy)
        self.output_layer = keras.layers.Dense(
            inputs_shape[-1], dtype=self.dtype_policy, name="output_layer"
        )
        self.hidden.build(inputs_shape)
        self.output_layer.build((*inputs_shape[:-1], self.hidden_units))

    def call(self, inputs, training=None):
        hidden = self.dropout_layer(self.hidden(inputs), training=training)
        return self.output_layer(hidden)

    def compute_output_shape(self, inputs_shape):
        return tuple(inputs_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "seed": self.seed,
        }

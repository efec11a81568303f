"""The position-wise feed-forward network of a Transformer block."""

import keras

from layers.dropout import ByteDropout

ACTIVATIONS = ("relu", "gelu", "swiglu")


@keras.saving.register_keras_serializable("working_memory")
class FeedForward(keras.layers.Layer):
    """Two projections with a nonlinearity between them, the same at every position.

        "relu"      max(0, x W1 + b1) W2 + b2                 (Vaswani et al., 2017, equation 2)
        "gelu"      gelu(x W1 + b1) W2 + b2, gelu(z) = z Phi(z)       (Hendrycks & Gimpel, 2016)
        "swiglu"    (silu(x W1 + b1) * (x V + c)) W2 + b2, silu(z) = z sigmoid(z)
                                                                     (Shazeer, 2020, equation 6)

    Shazeer leaves the biases out; here they start at zero, as the others. The gate V of "swiglu"
    makes the layer larger by half: two thirds of `hidden_units` give it the size of the others.

    Call arguments: `inputs` `(batch, time, features)` and `training`. The output has the shape
    of the inputs.

    Args:
        hidden_units: width of the hidden layer.
        dropout: rate of dropout of the hidden layer.
        seed: integer seed of the dropout.
        activation: "relu", "gelu" or "swiglu".

    Raises:
        ValueError: if `activation` is unknown.
    """

    def __init__(self, hidden_units, dropout=0.0, seed=None, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.seed = seed
        self.activation = one_of(ACTIVATIONS, "activation", activation)
        self.supports_masking = True

    def build(self, inputs_shape):
        gated = self.activation == "swiglu"
        self.hidden = keras.layers.Dense(
            self.hidden_units,
            activation="silu" if gated else self.activation,
            dtype=self.dtype_policy,
            name="hidden",
        )
        self.dropout_layer = ByteDropout(self.dropout, self.seed, dtype=self.dtype_policy)
        self.output_layer = keras.layers.Dense(
            inputs_shape[-1], dtype=self.dtype_policy, name="output_layer"
        )
        self.hidden.build(inputs_shape)
        self.output_layer.build((*inputs_shape[:-1], self.hidden_units))
        self.gate = None
        if gated:
            self.gate = keras.layers.Dense(self.hidden_units, dtype=self.dtype_policy, name="gate")
            self.gate.build(inputs_shape)

    def call(self, inputs, training=None):
        hidden = self.hidden(inputs)
        if self.gate is not None:
            hidden = hidden * self.gate(inputs)
        return self.output_layer(self.dropout_layer(hidden, training=training))

    def compute_output_shape(self, inputs_shape):
        return tuple(inputs_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "seed": self.seed,
            "activation": self.activation,
        }


def one_of(choices, name, value):
    """Returns the value of the argument `name` if it is a choice, or raises a `ValueError`."""
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {choices}, got {value!r}.")
    return value

"""The long short-term memory."""

import keras
from keras import ops

from layers.recurrent.cell import Cell, check_rate, dropout_mask


@keras.saving.register_keras_serializable("working_memory")
class LSTMCell(Cell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate.

    With the forget gate of Gers, Schmidhuber & Cummins (2000) and no peepholes:

        i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)         input gate
        f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)         forget gate
        g_t = tanh(W_c x_t + U_c h_{t-1} + b_c)            candidate
        o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)         output gate
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    States: `[h, c]`, each `(batch, units)`. Output: h, `(batch, units)`.

    The weights have the names, shapes, order (i, f, c, o along the last axis) and initial values
    of `keras.layers.LSTM`, so `Recurrent(LSTMCell(8)).set_weights(keras_lstm.get_weights())`
    takes over a trained layer, and the other way round.

    Dropout is that of Gal & Ghahramani (2016) with tied masks: one mask per sequence for the
    inputs and one for h, the same for all gates and steps.

    Args:
        units: size of h and of c.
        activation: activation of the candidate and of the cell state on its way out.
        recurrent_activation: activation of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: initializer of W, `(features, 4 * units)`.
        recurrent_initializer: initializer of U, `(units, 4 * units)`.
        bias_initializer: initializer of b, `(4 * units,)`.
        unit_forget_bias: start the bias of the forget gate at 1 (Jozefowicz et al. 2015).
        dropout: share of the inputs to drop.
        recurrent_dropout: share of h to drop on its way to the gates.
        seed: seed of the dropout masks.

    Raises:
        ValueError: if `units` is not positive or a dropout rate is not in [0, 1).
    """

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if units <= 0:
            raise ValueError(f"`units` must be positive, received {units}.")
        self.units = units
        self.activation = keras.activations.get(activation)
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.unit_forget_bias = unit_forget_bias
        self.dropout = check_rate("dropout", dropout)
        self.recurrent_dropout = check_rate("recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        self.kernel = self.add_weight(
            shape=(input_shape[-1], 4 * self.units),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 4 * self.units),
            initializer=self.recurrent_initializer,
            name="recurrent_kernel",
        )
        self.bias = None
        if self.use_bias:
            initializer = self._bias if self.unit_forget_bias else self.bias_initializer
            self.bias = self.add_weight(
                shape=(4 * self.units,), initializer=initializer, name="bias"
            )

    def _bias(self, shape, dtype=None):
        input_gate, rest = (self.units,), (2 * self.units,)
        parts = [
            self.bias_initializer(input_gate, dtype=dtype),
            ops.ones((self.units,), dtype),
            self.bias_initializer(rest, dtype=dtype),
        ]
        return ops.concatenate(parts)

    def project(self, inputs, training=False):
        """Return W x + b, `(..., 4 * units)`, for inputs `(..., features)`."""
        inputs = self.computed(inputs)
        if training and self.dropout:
            shape = ops.shape(inputs)
            shape = (shape[0], *[1] * (len(shape) - 2), shape[-1])
            mask = dropout_mask(shape, self.dropout, self.seed_generator, self.compute_dtype)
            inputs = inputs * mask
        projected = ops.matmul(inputs, self.computed(self.kernel))
        if self.bias is not None:
            projected = projected + self.computed(self.bias)
        return projected

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step from W x + b and `[h, c]` to `(h, [h, c])`."""
        recurrent_kernel = self.computed(self.recurrent_kernel)
        mask = None
        if training and self.recurrent_dropout:
            shape = (batch_size, self.units)
            mask = dropout_mask(
                shape, self.recurrent_dropout, self.seed_generator, self.compute_dtype
            )

        def step(projected, states):
            hidden, carry = states
            if mask is not None:
                hidden = hidden * mask
            gates = projected + ops.matmul(hidden, recurrent_kernel)
            i, f, g, o = ops.split(gates, 4, axis=-1)
            carry = self.recurrent_activation(f) * carry
            carry = carry + self.recurrent_activation(i) * self.activation(g)
            hidden = self.recurrent_activation(o) * self.activation(carry)
            return hidden, [hidden, carry]

        return step

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "unit_forget_bias": self.unit_forget_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }

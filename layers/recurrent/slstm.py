"""The sLSTM, with exponential gates."""

import keras
from keras import ops

from layers.recurrent.gated_cell import GatedCell, check_positive

FORGET_ACTIVATIONS = ("sigmoid", "exponential")


@keras.saving.register_keras_serializable("working_memory")
class SLSTMCell(GatedCell):
    """The sLSTM of xLSTM (Beck et al. 2024): exponential gates, normalized, in heads.

    An input gate without an upper bound can outweigh all that was stored before; the normalizer n
    sums up the weights given so far, so that h stays a mean of candidates (sec. 2.2 there):

        i_t = exp(W_i x_t + R_i h_{t-1} + b_i)             input gate
        f_t = sigmoid(W_f x_t + R_f h_{t-1} + b_f)         forget gate, or exp(...)
        z_t = tanh(W_z x_t + R_z h_{t-1} + b_z)            candidate
        o_t = sigmoid(W_o x_t + R_o h_{t-1} + b_o)         output gate
        c_t = f_t * c_{t-1} + i_t * z_t
        n_t = f_t * n_{t-1} + i_t                          normalizer
        h_t = o_t * c_t / n_t

    Exponentials overflow, so c and n are kept divided by exp(m), which h does not notice:

        m_t = max(log f_t + m_{t-1}, log i_t)              stabilizer
        i_t is replaced by exp(log i_t - m_t), f_t by exp(log f_t + m_{t-1} - m_t)

    The recurrent weights R are block-diagonal: the units form `heads` of equal size, and within a
    head alone all units of h_{t-1} reach all gates.

    States: `[h, c, n, m]`, each `(batch, units)`, c and n divided by exp(m). They start at 0, but
    m at -10000, the exponent of a memory that weighs nothing: after a step n is 1, and never less
    from there on. Output: h, `(batch, units)`.

    The weights are those of `LSTMCell` in the same order (i, f, z, o), but `recurrent_kernel` is
    `(units, 4 * units / heads)`: the rows of a head, one head after the other, against its gates.

    Args:
        units: size of each state.
        heads: number of heads, a divisor of `units`.
        forget_activation: activation of the forget gate, "sigmoid" or "exponential".
        unit_forget_bias: start the bias of the forget gate at 1; by default, if it is a sigmoid.
        **kwargs: the other arguments of `GatedCell`; `recurrent_activation` is that of the output
            gate alone.

    Raises:
        ValueError: if `heads` does not divide `units`, or the activation is another.
    """

    def __init__(
        self, units, heads=1, forget_activation="sigmoid", unit_forget_bias=None, **kwargs
    ):
        if forget_activation not in FORGET_ACTIVATIONS:
            raise ValueError(
                f"`forget_activation` must be one of {', '.join(FORGET_ACTIVATIONS)}, received "
                f"{forget_activation}."
            )
        if unit_forget_bias is None:
            unit_forget_bias = forget_activation == "sigmoid"
        super().__init__(units, unit_forget_bias=unit_forget_bias, **kwargs)
        self.heads = check_positive("heads", heads)
        if units % heads:
            raise ValueError(f"`units` must be divisible by `heads`, received {units} and {heads}.")
        self.forget_activation = forget_activation
        self.state_size = [units] * 4

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        self.kernel = self.add_weight(
            shape=(input_shape[-1], 4 * self.units),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 4 * self.units // self.heads),
            initializer=self.recurrent_initializer,
            name="recurrent_kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(4 * self.units,), initializer=self._bias, name="bias"
            )

    def get_initial_state(self, batch_size=None):
        """Return zeros for h, c and n, and -10000 for m."""
        hidden, carry, normalizer, stabilizer = super().get_initial_state(batch_size)
        return [hidden, carry, normalizer, stabilizer - 1e4]

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step from W x + b and `[h, c, n, m]`."""
        multiply = self._begin_product()
        drop = self.begin_dropout(batch_size, training)

        def step(projected, states):
            hidden, carry, normalizer, stabilizer = states
            gates = projected + multiply(drop(hidden))
            log_i, f, z, o = ops.split(gates, 4, axis=-1)
            log_f = ops.log_sigmoid(f) if self.forget_activation == "sigmoid" else f
            before = stabilizer
            stabilizer = ops.maximum(log_f + before, log_i)
            i = ops.exp(log_i - stabilizer)
            # In this order, a small log f is not lost against a large m in half precision.
            f = ops.exp(log_f + (before - stabilizer))
            carry = f * carry + i * self.activation(z)
            normalizer = f * normalizer + i
            hidden = self.recurrent_activation(o) * (carry / normalizer)
            return hidden, [hidden, carry, normalizer, stabilizer]

        return step

    def _begin_product(self):
        """Return the function that multiplies h by the recurrent weights of its heads."""
        kernel, heads, units = self.computed(self.recurrent_kernel), self.heads, self.units
        if heads == 1:
            return lambda hidden: ops.matmul(hidden, kernel)
        kernel = ops.reshape(kernel, (heads, units // heads, 4 * units // heads))

        def multiply(hidden):
            hidden = ops.reshape(hidden, (-1, heads, units // heads))
            product = ops.matmul(ops.transpose(hidden, (1, 0, 2)), kernel)
            product = ops.reshape(product, (heads, -1, 4, units // heads))
            return ops.reshape(ops.transpose(product, (1, 2, 0, 3)), (-1, 4 * units))

        return multiply

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "heads": self.heads,
            "forget_activation": self.forget_activation,
        }

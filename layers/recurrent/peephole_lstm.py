"""The LSTM whose gates look at the cell state."""

import keras
from keras import ops

from layers.recurrent.gated_cell import GatedCell


@keras.saving.register_keras_serializable("working_memory")
class PeepholeLSTMCell(GatedCell):
    """Long short-term memory with peephole connections (Gers & Schmidhuber 2000).

    Each gate sees its own unit of the cell state, through one weight: the input and the forget
    gate what the state was, the output gate what it has become. So a gate can act on what is
    stored even while the output gate is shut, which is what counting and timing need.

        i_t = sigmoid(W_i x_t + U_i h_{t-1} + p_i * c_{t-1} + b_i)      input gate
        f_t = sigmoid(W_f x_t + U_f h_{t-1} + p_f * c_{t-1} + b_f)      forget gate
        g_t = tanh(W_c x_t + U_c h_{t-1} + b_c)                         candidate
        c_t = f_t * c_{t-1} + i_t * g_t
        o_t = sigmoid(W_o x_t + U_o h_{t-1} + p_o * c_t + b_o)          output gate
        h_t = o_t * tanh(c_t)

    These are the equations of the "vanilla LSTM" of Greff et al. (2017); the first papers have
    h_t = o_t * c_t. With all peepholes zero it is `LSTMCell`.

    States: `[h, c]`, each `(batch, units)`. Output: h, `(batch, units)`.

    The weights are those of `LSTMCell` and, after them, `peepholes` `(3 * units,)`: p_i, p_f, p_o.

    Args:
        units: size of the cell state.
        peephole_initializer: initializer of p.
        **kwargs: the other arguments of `GatedCell`.
    """

    def __init__(self, units, *, peephole_initializer="glorot_uniform", **kwargs):
        super().__init__(units, **kwargs)
        self.peephole_initializer = keras.initializers.get(peephole_initializer)

    @property
    def peephole_gates(self):
        """The names of the gates that look at the cell state, in the order of their weights."""
        return [gate for gate in self.gates if gate != "candidate"]

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        super().build(input_shape)
        self.peepholes = self.add_weight(
            shape=(len(self.peephole_gates) * self.units,),
            initializer=self.peephole_initializer,
            name="peepholes",
        )

    def split_peepholes(self):
        """Return the weight p of each of the `peephole_gates`, `(units,)`."""
        return ops.split(self.computed(self.peepholes), len(self.peephole_gates))

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step from W x + b and `[h, c]` to `(h, [h, c])`."""
        recurrent_kernel = self.computed(self.recurrent_kernel)
        p_i, p_f, p_o = self.split_peepholes()
        drop = self.begin_dropout(batch_size, training)

        def step(projected, states):
            hidden, carry = states
            gates = projected + ops.matmul(drop(hidden), recurrent_kernel)
            i, f, g, o = ops.split(gates, 4, axis=-1)
            i = self.recurrent_activation(i + p_i * carry)
            f = self.recurrent_activation(f + p_f * carry)
            carry = f * carry + i * self.activation(g)
            o = self.recurrent_activation(o + p_o * carry)
            hidden = o * self.activation(carry)
            return hidden, [hidden, carry]

        return step

    def get_config(self):
        """Return the constructor's arguments."""
        initializer = keras.initializers.serialize(self.peephole_initializer)
        return {**super().get_config(), "peephole_initializer": initializer}

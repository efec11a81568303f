"""The long short-term memory."""

import keras
from keras import ops

from layers.recurrent.gated_cell import GatedCell


@keras.saving.register_keras_serializable("working_memory")
class LSTMCell(GatedCell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate.

    With the forget gate of Gers, Schmidhuber & Cummins (2000) and no peepholes:

        i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)         input gate
        f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)         forget gate
        g_t = tanh(W_c x_t + U_c h_{t-1} + b_c)            candidate
        o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)         output gate
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    States: `[h, c]`, each `(batch, units)`. Output: h, `(batch, units)`.

    The weights have the names, shapes, order (i, f, g, o along the last axis) and initial values
    of `keras.layers.LSTM`, so `Recurrent(LSTMCell(8)).set_weights(keras_lstm.get_weights())`
    takes over a trained layer, and the other way round.

    Arguments are those of `GatedCell`.
    """

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step from W x + b and `[h, c]` to `(h, [h, c])`."""
        recurrent_kernel = self.computed(self.recurrent_kernel)
        drop = self.begin_dropout(batch_size, training)

        def step(projected, states):
            hidden, carry = states
            gates = projected + ops.matmul(drop(hidden), recurrent_kernel)
            i, f, g, o = ops.split(gates, 4, axis=-1)
            carry = self.recurrent_activation(f) * carry
            carry = carry + self.recurrent_activation(i) * self.activation(g)
            hidden = self.recurrent_activation(o) * self.activation(carry)
            return hidden, [hidden, carry]

        return step

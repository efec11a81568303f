"""The LSTM that stores as much as it forgets."""

import keras
from keras import ops

from layers.recurrent.gated_cell import GatedCell


@keras.saving.register_keras_serializable("working_memory")
class CoupledLSTMCell(GatedCell):
    """Long short-term memory with coupled input and forget gate ("CIFG", Greff et al. 2017).

    What is forgotten makes room for what is stored, so three gates do, with three quarters of
    the weights:

        f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)         forget gate; 1 - f_t is the input gate
        g_t = tanh(W_c x_t + U_c h_{t-1} + b_c)            candidate
        o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)         output gate
        c_t = f_t * c_{t-1} + (1 - f_t) * g_t
        h_t = o_t * tanh(c_t)

    The cell state is a weighted mean of the candidates so far, so it stays between -1 and 1.

    The paper learns the input gate and takes f_t = 1 - i_t, which is the same cell with the
    weights of that gate negated; with the forget gate, `unit_forget_bias` means what it means for
    `LSTMCell`. The paper's cell has peepholes, too; this one has none.

    States: `[h, c]`, each `(batch, units)`. Output: h, `(batch, units)`.

    Arguments are those of `GatedCell`.
    """

    gates = ("forget", "candidate", "output")

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step from W x + b and `[h, c]` to `(h, [h, c])`."""
        recurrent_kernel = self.computed(self.recurrent_kernel)
        drop = self.begin_dropout(batch_size, training)

        def step(projected, states):
            hidden, carry = states
            gates = projected + ops.matmul(drop(hidden), recurrent_kernel)
            f, g, o = ops.split(gates, 3, axis=-1)
            f = self.recurrent_activation(f)
            # Not g + f * (c - g), one product less: where f is 1, this keeps c to the last bit.
            carry = f * carry + (1 - f) * self.activation(g)
            hidden = self.recurrent_activation(o) * self.activation(carry)
            return hidden, [hidden, carry]

        return step

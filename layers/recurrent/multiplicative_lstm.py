"""The multiplicative LSTM."""

import keras
from keras import ops

from layers.recurrent.cell import affine
from layers.recurrent.gated_cell import GatedCell, of_its_own


@keras.saving.register_keras_serializable("working_memory")
class MultiplicativeLSTMCell(GatedCell):
    """Multiplicative long short-term memory (Krause, Lu, Murray & Renals 2016).

    An intermediate state m, the product of a part of the input and a part of h, stands for h in
    all gates, so that every input has a recurrent transition of its own:

        m_t = (W_m x_t) * (U_m h_{t-1})                    intermediate state
        i_t = sigmoid(W_i x_t + U_i m_t + b_i)             input gate
        f_t = sigmoid(W_f x_t + U_f m_t + b_f)             forget gate
        g_t = tanh(W_c x_t + U_c m_t + b_c)                candidate
        o_t = sigmoid(W_o x_t + U_o m_t + b_o)             output gate
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    m has as many units as h. In the first version of the paper, the candidate has no tanh and the
    output gate stands inside of the other, h_t = tanh(o_t * c_t); this is the cell of the last
    version (2017) and of its best results, and that of Radford, Jozefowicz & Sutskever (2017).

    Not to be taken for the mLSTM of Beck et al. (2024), which has a matrix for a memory.

    States: `[h, c]`, each `(batch, units)`. Output: h, `(batch, units)`.

    The weights are those of `LSTMCell`, U acting on m, and after them `multiplicative_kernel` W_m
    `(features, units)` and `multiplicative_recurrent_kernel` U_m `(units, units)`.

    Arguments are those of `GatedCell`; W_m is initialized like W, U_m like U, and what is dropped
    from h is dropped on its way to m.
    """

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        super().build(input_shape)
        self.multiplicative_kernel = self.add_weight(
            shape=(input_shape[-1], self.units),
            initializer=of_its_own(self.kernel_initializer),
            name="multiplicative_kernel",
        )
        self.multiplicative_recurrent_kernel = self.add_weight(
            shape=(self.units, self.units),
            initializer=of_its_own(self.recurrent_initializer),
            name="multiplicative_recurrent_kernel",
        )

    def project(self, inputs, training=False):
        """Return W x + b and W_m x side by side, `(..., 5 * units)`."""
        kernel = [self.computed(self.kernel), self.computed(self.multiplicative_kernel)]
        bias = None
        if self.bias is not None:
            bias = ops.pad(self.computed(self.bias), [[0, self.units]])
        inputs = self.drop_inputs(inputs, training)
        return affine(inputs, ops.concatenate(kernel, axis=-1), bias)

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step from what `project` returns and `[h, c]`."""
        recurrent_kernel = self.computed(self.recurrent_kernel)
        multiplicative_kernel = self.computed(self.multiplicative_recurrent_kernel)
        drop = self.begin_dropout(batch_size, training)

        def step(projected, states):
            hidden, carry = states
            projected, factor = ops.split(projected, [4 * self.units], axis=-1)
            intermediate = factor * ops.matmul(drop(hidden), multiplicative_kernel)
            gates = projected + ops.matmul(intermediate, recurrent_kernel)
            i, f, g, o = ops.split(gates, 4, axis=-1)
            carry = self.recurrent_activation(f) * carry
            carry = carry + self.recurrent_activation(i) * self.activation(g)
            hidden = self.recurrent_activation(o) * self.activation(carry)
            return hidden, [hidden, carry]

        return step

"""The LSTM with a small recurrent state beside a large cell state."""

import keras
from keras import ops

from layers.recurrent.gated_cell import GatedCell, check_positive


@keras.saving.register_keras_serializable("working_memory")
class ProjectedLSTMCell(GatedCell):
    """Long short-term memory with a recurrent projection (Sak, Senior & Beaufays 2014).

    The output of the memory blocks is projected to fewer units before it is fed back and handed
    on, so the memory can be large without its recurrent weights growing with the square of it:

        i_t = sigmoid(W_i x_t + U_i r_{t-1} + b_i)         input gate
        f_t = sigmoid(W_f x_t + U_f r_{t-1} + b_f)         forget gate
        g_t = tanh(W_c x_t + U_c r_{t-1} + b_c)            candidate
        o_t = sigmoid(W_o x_t + U_o r_{t-1} + b_o)         output gate
        c_t = f_t * c_{t-1} + i_t * g_t
        m_t = o_t * tanh(c_t)
        r_t = W_r m_t                                      recurrent projection

    The paper's cell has peepholes, too, and optionally a second projection that is not fed back;
    this one has neither, like `torch.nn.LSTM(proj_size=)`. With W_r the identity it is `LSTMCell`.

    States: `[r, c]`, `(batch, projection_units)` and `(batch, units)`. Output: r,
    `(batch, projection_units)`.

    The weights are those of `LSTMCell`, U being `(projection_units, 4 * units)`, and after them
    `projection_kernel` W_r `(units, projection_units)`.

    Args:
        units: size of the cell state.
        projection_units: size of r, in practice a fraction of `units`.
        projection_initializer: initializer of W_r.
        **kwargs: the other arguments of `GatedCell`; `recurrent_dropout` is a share of r.

    Raises:
        ValueError: if `projection_units` is not positive.
    """

    def __init__(
        self, units, projection_units, *, projection_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(units, **kwargs)
        self.projection_units = check_positive("projection_units", projection_units)
        self.projection_initializer = keras.initializers.get(projection_initializer)
        self.state_size = [projection_units, units]
        self.output_size = projection_units

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        super().build(input_shape)
        self.projection_kernel = self.add_weight(
            shape=(self.units, self.projection_units),
            initializer=self.projection_initializer,
            name="projection_kernel",
        )

    def begin(self, batch_size, training=False):
        """Draw the mask of r; return the step from W x + b and `[r, c]` to `(r, [r, c])`."""
        recurrent_kernel = self.computed(self.recurrent_kernel)
        projection_kernel = self.computed(self.projection_kernel)
        drop = self.begin_dropout(batch_size, training)

        def step(projected, states):
            output, carry = states
            gates = projected + ops.matmul(drop(output), recurrent_kernel)
            i, f, g, o = ops.split(gates, 4, axis=-1)
            carry = self.recurrent_activation(f) * carry
            carry = carry + self.recurrent_activation(i) * self.activation(g)
            hidden = self.recurrent_activation(o) * self.activation(carry)
            output = ops.matmul(hidden, projection_kernel)
            return output, [output, carry]

        return step

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "projection_units": self.projection_units,
            "projection_initializer": keras.initializers.serialize(self.projection_initializer),
        }

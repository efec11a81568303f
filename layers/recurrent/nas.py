"""The cell that neural architecture search found."""

import keras
from keras import ops

from layers.recurrent.cell import affine
from layers.recurrent.gated_cell import GatedCell


@keras.saving.register_keras_serializable("working_memory")
class NASCell(GatedCell):
    """The recurrent cell found by neural architecture search (Zoph & Le 2017).

    The search was for trees like that of the LSTM; this one won on language modelling. Seven
    parts of it add a projection of the input and one of h, the eighth multiplies them:

        a_t = sigmoid(W_a x_t + U_a h_{t-1} + b_a)
        d_t = sigmoid(W_d x_t + U_d h_{t-1} + b_d)
        e_t = sigmoid(W_e x_t + U_e h_{t-1} + b_e)
        j_t = sigmoid(W_j x_t + U_j h_{t-1} + b_j)
        k_t = tanh(W_k x_t + U_k h_{t-1} + b_k)
        m_t = tanh(W_m x_t + U_m h_{t-1} + b_m)
        r_t = relu(W_r x_t + U_r h_{t-1} + b_r)
        p_t = relu((W_p x_t) * (U_p h_{t-1} + b_p))
        c_t = tanh(tanh(a_t * r_t) + c_{t-1}) * tanh(d_t + p_t)
        h_t = tanh(c_t * tanh(tanh(e_t * k_t) + sigmoid(j_t + m_t)))

    States: `[h, c]`, each `(batch, units)`. Output: h, `(batch, units)`.

    The numbers are those of the NASCell of TensorFlow Addons without its projection, which is the
    cell that the authors published. Addons has the parts in the order a, r, d, p, k, e, m, j and
    the states in the order c, h; here the parts stand in the order above along the last axis of
    `kernel` W `(features, 8 * units)`, `recurrent_kernel` U `(units, 8 * units)` and `bias` b `(8 *
    units,)`.

    Args:
        units: size of the cell state.
        use_bias: whether there is a bias; in Addons, too, there is none by default.
        **kwargs: the other arguments of `GatedCell`, except for `activation`,
            `recurrent_activation` and `unit_forget_bias`: the search has settled them.
    """

    gates = ("a", "d", "e", "j", "k", "m", "r", "p")

    def __init__(self, units, use_bias=False, **kwargs):
        fixed = {"activation": "tanh", "recurrent_activation": "sigmoid", "unit_forget_bias": False}
        super().__init__(units, use_bias=use_bias, **fixed, **kwargs)

    def project(self, inputs, training=False):
        """Return W x + b, in the last part W x alone, `(..., 8 * units)`."""
        bias = None
        if self.bias is not None:
            bias = ops.pad(self.computed(self.bias)[: -self.units], [[0, self.units]])
        return affine(self.drop_inputs(inputs, training), self.computed(self.kernel), bias)

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step from what `project` returns and `[h, c]`."""
        last = 7 * self.units
        kernels = ops.split(self.computed(self.recurrent_kernel), [last], axis=-1)
        bias = None if self.bias is None else self.computed(self.bias)[last:]
        drop = self.begin_dropout(batch_size, training)
        sigmoid, tanh, relu = ops.sigmoid, ops.tanh, ops.relu

        def step(projected, states):
            hidden, carry = states
            hidden = drop(hidden)
            summands, factor = ops.split(projected, [last], axis=-1)
            sums, product = [ops.matmul(hidden, kernel) for kernel in kernels]
            if bias is not None:
                product = product + bias
            a, d, e, j, k, m, r = ops.split(summands + sums, 7, axis=-1)
            carry = tanh(tanh(sigmoid(a) * relu(r)) + carry)
            carry = carry * tanh(sigmoid(d) + relu(factor * product))
            right = tanh(sigmoid(e) * tanh(k)) + sigmoid(sigmoid(j) + tanh(m))
            hidden = tanh(carry * tanh(right))
            return hidden, [hidden, carry]

        return step

    def get_config(self):
        """Return the constructor's arguments."""
        config = super().get_config()
        for fixed in ("activation", "recurrent_activation", "unit_forget_bias"):
            del config[fixed]
        return config

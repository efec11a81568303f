"""The LSTM with layer normalization."""

import keras
from keras import ops

from layers.recurrent.cell import affine
from layers.recurrent.gated_cell import GatedCell


@keras.saving.register_keras_serializable("working_memory")
class LayerNormLSTMCell(GatedCell):
    """Long short-term memory with layer normalization (Ba, Kiros & Hinton 2016).

    The equations of the paper's supplementary material (20-22), with LN(z) = (z - mean(z)) /
    sqrt(variance(z) + epsilon), the moments of each row taken over all of z:

        [i~, f~, g~, o~] = gain_x * LN(W x_t) + gain_h * LN(U h_{t-1}) + b
        i_t, f_t, o_t = sigmoid(i~), sigmoid(f~), sigmoid(o~)     gates
        g_t = tanh(g~)                                            candidate
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(gain_c * LN(c_t) + shift_c)

    W x and U h are normalized over the `4 * units` sums of all gates together. The carry c stays
    raw: what is normalized is what tanh sees of it, not what the next step is given (the cell of
    TensorFlow Addons feeds the normalized carry back, and so forgets its scale at every step).
    Each LN of the paper has a shift of its own; those beside b would only add to it, so b is all
    three of them.

    States: `[h, c]`, each `(batch, units)`. Output: h, `(batch, units)`.

    The weights are those of `LSTMCell`, and after them `kernel_gain` and `recurrent_gain` `(4 *
    units,)`, `carry_gain` and `carry_shift` `(units,)`; gains start at 1, the shift at 0.

    What `AttentionCell` feeds is added to the normalized W x as it is. A row of zeros stays zeros
    when it is normalized, but its gradient grows by up to 1 / sqrt(epsilon) at each step: give
    padding before a sequence a mask.

    Args:
        units: size of the cell state.
        epsilon: what is added to the variances.
        **kwargs: the other arguments of `GatedCell`.

    Raises:
        ValueError: if `epsilon` is not positive.
    """

    def __init__(self, units, epsilon=1e-5, **kwargs):
        super().__init__(units, **kwargs)
        if not epsilon > 0:
            raise ValueError(f"`epsilon` must be positive, received {epsilon}.")
        self.epsilon = epsilon

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        super().build(input_shape)

        def add(name, size, initializer="ones"):
            return self.add_weight(shape=(size,), initializer=initializer, name=name)

        self.kernel_gain = add("kernel_gain", 4 * self.units)
        self.recurrent_gain = add("recurrent_gain", 4 * self.units)
        self.carry_gain = add("carry_gain", self.units)
        self.carry_shift = add("carry_shift", self.units, "zeros")

    def project(self, inputs, training=False):
        """Return gain_x * LN(W x) + b, `(..., 4 * units)`, for inputs `(..., features)`."""
        inputs = self.drop_inputs(inputs, training)
        bias = None if self.bias is None else self.computed(self.bias)
        features, size = self.kernel.shape
        if len(inputs.shape) == 2 or features > size:
            product = affine(inputs, self.computed(self.kernel))
            projected = self._normalize(product) * self.computed(self.kernel_gain)
            return projected if bias is None else projected + bias
        # A sequence of W x is large, and each pass over it slow. So the inputs, which are smaller,
        # are scaled instead of the product. With the columns of W centred, the mean of W x is 0
        # and its variance is a quadratic form of x, so both are known before the product.
        kernel = _centre(self._widen(self.kernel))
        wide = self._widen(inputs)
        form = ops.matmul(kernel, ops.transpose(kernel)) / size
        variance = ops.sum(ops.matmul(wide, form) * wide, axis=-1, keepdims=True)
        # Rounding may leave a variance of 0 a little below it.
        wide = wide * ops.rsqrt(ops.relu(variance) + self.epsilon)
        kernel = kernel * self._widen(self.kernel_gain)
        return affine(self.computed(wide), self.computed(kernel), bias)

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step from gain_x * LN(W x) + b and `[h, c]`."""
        # With the rows of U centred, the mean of U h is 0 at every step.
        recurrent_kernel = self.computed(_centre(self._widen(self.recurrent_kernel)))
        recurrent_gain = self.computed(self.recurrent_gain)
        carry_gain, carry_shift = self.computed(self.carry_gain), self.computed(self.carry_shift)
        drop = self.begin_dropout(batch_size, training)

        def step(projected, states):
            hidden, carry = states
            recurrent = self._normalize(ops.matmul(drop(hidden), recurrent_kernel), centred=True)
            gates = projected + recurrent * recurrent_gain
            i, f, g, o = ops.split(gates, 4, axis=-1)
            carry = self.recurrent_activation(f) * carry
            carry = carry + self.recurrent_activation(i) * self.activation(g)
            shown = self._normalize(carry) * carry_gain + carry_shift
            hidden = self.recurrent_activation(o) * self.activation(shown)
            return hidden, [hidden, carry]

        return step

    def _normalize(self, tensor, centred=False):
        """Return LN of a tensor over its last axis, whose mean is 0 already if it is centred."""
        wide = self._widen(tensor)
        wide = wide if centred else _centre(wide)
        variance = ops.mean(ops.square(wide), axis=-1, keepdims=True)
        return self.computed(wide * ops.rsqrt(variance + self.epsilon))

    def _widen(self, value):
        """Return a value in the precision that moments need: squares overflow in float16."""
        return ops.cast(value, "float64" if self.compute_dtype == "float64" else "float32")

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "epsilon": self.epsilon}


def _centre(tensor):
    return tensor - ops.mean(tensor, axis=-1, keepdims=True)

"""The LSTM with one of its parts taken out, to see what the part is for."""

import keras
from keras import ops

from layers.recurrent.gated_cell import of_its_own
from layers.recurrent.peephole_lstm import PeepholeLSTMCell

VARIANTS = (
    "no_input_gate",
    "no_forget_gate",
    "no_output_gate",
    "no_input_activation",
    "no_output_activation",
    "full_gate_recurrence",
)


@keras.saving.register_keras_serializable("working_memory")
class AblatedLSTMCell(PeepholeLSTMCell):
    """A variant of the long short-term memory from the study of Greff et al. (2017).

    The study changes one thing at a time in what it calls the vanilla LSTM, `PeepholeLSTMCell`:

        "no_input_gate"           i_t = 1                                       (NIG)
        "no_forget_gate"          f_t = 1                                       (NFG)
        "no_output_gate"          o_t = 1                                       (NOG)
        "no_input_activation"     g_t = W_c x_t + U_c h_{t-1} + b_c             (NIAF)
        "no_output_activation"    h_t = o_t * c_t                               (NOAF)
        "full_gate_recurrence"    each gate sees all gates of the step before   (FGR)

    the last one by, for the input gate and likewise for the two others,

        i_t = sigmoid(W_i x_t + U_i h_{t-1} + p_i * c_{t-1} + b_i
                      + R_ii i_{t-1} + R_if f_{t-1} + R_io o_{t-1})

    with gates of zero before the first step. A gate that is taken out has no weights. The two
    other variants of the study are cells of their own: `LSTMCell` has no peepholes (NP), and
    `CoupledLSTMCell` couples the gates (CIFG).

    States: `[h, c]`, each `(batch, units)`; with full gate recurrence `[h, c, gates]`, the third
    one `(batch, 3 * units)`: i, f, o. Output: h, `(batch, units)`.

    The weights are those of `PeepholeLSTMCell` for the gates that are left; with full gate
    recurrence also `gate_kernel` R `(3 * units, 3 * units)`, i, f, o along both axes.

    Args:
        units: size of the cell state.
        variant: name of the variant.
        **kwargs: the other arguments of `PeepholeLSTMCell`; `recurrent_initializer` is also that
            of R, `recurrent_dropout` leaves the recurrence from gate to gate alone.

    Raises:
        ValueError: if there is no such variant.
    """

    def __init__(self, units, variant, **kwargs):
        super().__init__(units, **kwargs)
        if variant not in VARIANTS:
            names = ", ".join(VARIANTS)
            raise ValueError(f"`variant` must be one of {names}, received {variant}.")
        self.variant = variant
        self.gates = tuple(gate for gate in self.gates if variant != f"no_{gate}_gate")
        if variant == "full_gate_recurrence":
            self.state_size = [units, units, 3 * units]

    def build(self, input_shape):
        """Create the weights for inputs `(batch, features)`."""
        super().build(input_shape)
        self.gate_kernel = None
        if self.variant == "full_gate_recurrence":
            self.gate_kernel = self.add_weight(
                shape=(3 * self.units, 3 * self.units),
                initializer=of_its_own(self.recurrent_initializer),
                name="gate_kernel",
            )

    def begin(self, batch_size, training=False):
        """Draw the mask of h; return the step, which takes and returns the variant's states."""
        recurrent_kernel = self.computed(self.recurrent_kernel)
        gate_kernel = None if self.gate_kernel is None else self.computed(self.gate_kernel)
        peepholes = dict(zip(self.peephole_gates, self.split_peepholes(), strict=True))
        drop = self.begin_dropout(batch_size, training)
        linear, variant = keras.activations.linear, self.variant
        input_activation = linear if variant == "no_input_activation" else self.activation
        output_activation = linear if variant == "no_output_activation" else self.activation

        def step(projected, states):
            hidden, carry, *gates_before = states
            sums = projected + ops.matmul(drop(hidden), recurrent_kernel)
            sums = dict(zip(self.gates, ops.split(sums, len(self.gates), axis=-1), strict=True))
            if gates_before:
                recurrence = ops.split(ops.matmul(gates_before[0], gate_kernel), 3, axis=-1)
                for gate, of_gates in zip(peepholes, recurrence, strict=True):
                    sums[gate] = sums[gate] + of_gates
            gates = {}

            def gated(gate, seen, value):
                """Multiply a value by a gate that sees the cell state, if there is the gate."""
                if gate not in peepholes:
                    return value
                gates[gate] = self.recurrent_activation(sums[gate] + peepholes[gate] * seen)
                return gates[gate] * value

            stored = gated("input", carry, input_activation(sums["candidate"]))
            carry = gated("forget", carry, carry) + stored
            hidden = gated("output", carry, output_activation(carry))
            states = [hidden, carry]
            if gates_before:
                states.append(ops.concatenate([gates[gate] for gate in peepholes], axis=-1))
            return hidden, states

        return step

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "variant": self.variant}

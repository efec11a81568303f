"""A cell with a connection around it."""

import keras

from layers.recurrent.cell import as_tuple
from layers.recurrent.cell_wrapper import CellWrapper, without_last


@keras.saving.register_keras_serializable("working_memory")
class ResidualCell(CellWrapper):
    """Adds the inputs of any cell to its output (He et al. 2016; in stacks of LSTMs, Wu et al.
    2016).

        y_t, s_t = cell(x_t, s_{t-1})
        output   = y_t + x_t

    It makes deep stacks trainable: `StackedCell([LSTMCell(8), ResidualCell(LSTMCell(8))])`. What
    the cell drops of its inputs is not dropped here, and what an `AttentionCell` around it feeds
    reaches the cell alone.

    States: those of the cell. Output: `(batch, features)`, the sum.

    Args:
        cell: the `Cell` to wrap, with an output of the size of the inputs.

    Raises:
        ValueError: if `cell` is not a `Cell`, or when it meets inputs of another size than its
            output.
    """

    def build(self, input_shape):
        """Build the cell for inputs `(batch, features)`."""
        if input_shape[-1] != self.output_size:
            raise ValueError(
                f"ResidualCell adds inputs and output, so they must have the same size, received "
                f"{input_shape[-1]} and {self.output_size}."
            )
        super().build(input_shape)

    def project(self, inputs, training=False):
        """Return the projection of the cell, and the inputs."""
        projected = self.cell.project(inputs, training=training)
        return (*as_tuple(projected), self.computed(inputs))

    def begin(self, batch_size, training=False):
        """Begin the cell; return its step, followed by the addition."""
        cell_step = self.cell.begin(batch_size, training=training)

        def step(projected, states):
            projected, (inputs,) = without_last(projected, 1)
            output, states = cell_step(projected, states)
            return output + inputs, states

        return step

    def parallel(self, projected, states, mask=None, training=False):
        """Run the cell without a loop, if it can; add the inputs."""
        projected, (inputs,) = without_last(projected, 1)
        result = self.cell.parallel(projected, states, mask=mask, training=training)
        if result is None:
            return None
        outputs, states = result
        return outputs + inputs, states

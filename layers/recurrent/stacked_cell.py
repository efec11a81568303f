"""Several cells on top of each other as one cell."""

import keras
from keras import ops

from layers.recurrent.cell import Cell, check_rate, check_reads_no_memory, dropout_mask


@keras.saving.register_keras_serializable("working_memory")
class StackedCell(Cell):
    """Cells on top of each other: each step runs through all of them.

    What is inside of one loop can feed back from the top to the bottom (`AttentionCell` does).
    Where nothing feeds back, one `Recurrent` layer after the other computes the same and is
    faster, since each hoists its projection out of the loop.

    States: those of the first cell, then those of the second, and so on. Output: that of the
    last cell.

    Args:
        cells: list of `Cell`s, the first one at the bottom.
        dropout: share of the output of each cell but the last to drop; one mask per sequence.
        seed: seed of the dropout masks.

    Raises:
        ValueError: if there is no cell, if one of them is not a `Cell` or reads a memory, or if
            one above the first draws random numbers in its projection, which runs inside the loop
            there.
    """

    def __init__(self, cells, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not cells or not all(isinstance(cell, Cell) for cell in cells):
            raise ValueError(f"`cells` must be a list of at least one Cell, received {cells}.")
        for cell in cells:
            check_reads_no_memory(cell)
        for cell in cells[1:]:
            if cell.project_draws:
                raise ValueError(
                    f"Above the first of stacked cells, {type(cell).__name__} may not draw random "
                    "numbers for each step: use StackedCell's own `dropout`, or wrap the stack."
                )
        self.cells = list(cells)
        self.dropout = check_rate("dropout", dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        sizes = [cell.state_size for cell in cells]
        sizes = [[size] if isinstance(size, int) else list(size) for size in sizes]
        self.state_size = [size for sizes_of_cell in sizes for size in sizes_of_cell]
        self.counts = [len(sizes_of_cell) for sizes_of_cell in sizes]
        self.output_size = cells[-1].output_size

    def build(self, input_shape):
        """Build each cell on the output of the one below."""
        for cell in self.cells:
            if not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], cell.output_size)

    def get_initial_state(self, batch_size=None):
        """Return the initial states of all cells."""
        states = [cell.get_initial_state(batch_size) for cell in self.cells]
        return [state for states_of_cell in states for state in states_of_cell]

    @property
    def project_draws(self):
        """Whether the first cell draws random numbers in its projection."""
        return self.cells[0].project_draws

    def project(self, inputs, training=False):
        """Project for the first cell; the others project inside the step."""
        return self.cells[0].project(inputs, training=training)

    def begin(self, batch_size, training=False):
        """Begin each cell, draw the masks between them; return the step through all of them."""
        first, *steps = [cell.begin(batch_size, training=training) for cell in self.cells]
        masks = [self._mask(cell, batch_size, training) for cell in self.cells[:-1]]

        def step(projected, states):
            end = self.counts[0]
            output, new_states = first(projected, states[:end])
            new_states = list(new_states)
            above = zip(self.cells[1:], steps, masks, self.counts[1:], strict=True)
            for cell, cell_step, mask, count in above:
                projected = cell.project(output if mask is None else output * mask)
                output, states_of_cell = cell_step(projected, states[end : end + count])
                new_states.extend(states_of_cell)
                end += count
            return output, new_states

        return step

    def parallel(self, projected, states, mask=None, training=False):
        """Run one cell after the other over the whole sequence, if none of them needs a loop."""
        outputs, new_states = None, []
        for index, (cell, count) in enumerate(zip(self.cells, self.counts, strict=True)):
            if index:
                drop = self._mask(self.cells[index - 1], ops.shape(outputs)[0], training)
                projected = cell.project(outputs if drop is None else outputs * drop[:, None])
            first = len(new_states)
            result = cell.parallel(projected, states[first : first + count], mask, training)
            if result is None:
                return None
            outputs, states_of_cell = result
            new_states.extend(states_of_cell)
        return outputs, new_states

    def _mask(self, cell, batch_size, training):
        """The dropout mask of the output of a cell; None where nothing is dropped."""
        if not (training and self.dropout):
            return None
        shape = (batch_size, cell.output_size)
        return dropout_mask(shape, self.dropout, self.seed_generator, self.compute_dtype)

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "cells": [keras.saving.serialize_keras_object(cell) for cell in self.cells],
            "dropout": self.dropout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the stack and its cells from a configuration."""
        cells = [
            keras.saving.deserialize_keras_object(cell, custom_objects=custom_objects)
            for cell in config["cells"]
        ]
        return cls(**{**config, "cells": cells})

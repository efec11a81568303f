"""What the cells around another cell have in common."""

import keras

from layers.recurrent.cell import Cell, check_reads_no_memory


class CellWrapper(Cell):
    """Base class of cells that change something about another cell.

    It has the states, the output and the projection of the other cell, and its dtype policy
    unless given one. A wrapper overrides what it changes; `begin` it must write.

    Args:
        cell: the `Cell` to wrap; one of Keras goes into a `StockCell` first.

    Raises:
        ValueError: if `cell` is not a `Cell`, or is one that reads a memory.
    """

    def __init__(self, cell, **kwargs):
        if not isinstance(cell, Cell):
            raise ValueError(f"`cell` must be a Cell of layers.recurrent, received {cell}.")
        check_reads_no_memory(cell)
        super().__init__(**{"dtype": cell.dtype_policy, **kwargs})
        self.cell = cell
        self.state_size = cell.state_size
        self.output_size = cell.output_size

    def build(self, input_shape):
        """Build the cell for inputs `(batch, features)`."""
        if not self.cell.built:
            self.cell.build(input_shape)

    def get_initial_state(self, batch_size=None):
        """Return the initial states of the cell."""
        return self.cell.get_initial_state(batch_size)

    @property
    def project_draws(self):
        """Whether the cell draws random numbers in its projection."""
        return self.cell.project_draws

    def project(self, inputs, training=False):
        """Return what the cell computes from the inputs alone."""
        return self.cell.project(inputs, training=training)

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "cell": keras.saving.serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the wrapper and its cell from a configuration."""
        cell = keras.saving.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return cls(**{**config, "cell": cell})


def without_last(projected, count):
    """Undo what a wrapper did that appended tensors to a projection.

    Args:
        projected: tuple of tensors.
        count: how many of them the wrapper appended, at least one.

    Returns:
        `(projected, appended)`: what the cell's own `project` returned, and a tuple.
    """
    own, appended = projected[:-count], projected[-count:]
    return own if len(own) > 1 else own[0], appended

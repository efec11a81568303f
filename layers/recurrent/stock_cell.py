"""The cells of Keras among those of this package."""

import inspect

import keras

from layers.recurrent.cell import Cell


@keras.saving.register_keras_serializable("working_memory")
class StockCell(Cell):
    """Any cell of Keras as a `Cell`, to be stacked, wrapped and given an attention like one.

    `AttentionCell(StockCell(keras.layers.GRUCell(8)))`, say. It computes what the cell computes;
    the cell's inputs are not projected before the loop, so it is as fast as in
    `keras.layers.RNN`. To run a cell of Keras over a sequence, `Recurrent` needs no StockCell.

    States and output are those of the cell.

    Args:
        cell: a cell of Keras: `keras.layers.GRUCell`, `keras.layers.SimpleRNNCell`, or a layer
            with `state_size` and `call(inputs, states) -> (output, states)`.

    Raises:
        ValueError: if `cell` is no such layer, is a stack (`StackedCell` stacks StockCells), or
            drops (its masks are drawn within the loop; the layers and wrappers around it can
            drop instead).
    """

    def __init__(self, cell, **kwargs):
        is_cell = isinstance(cell, keras.layers.Layer) and hasattr(cell, "state_size")
        if not is_cell or isinstance(cell, (Cell, keras.layers.StackedRNNCells)):
            raise ValueError(f"`cell` must be a single cell of Keras, received {cell}.")
        if getattr(cell, "dropout", 0) or getattr(cell, "recurrent_dropout", 0):
            raise ValueError(
                f"{type(cell).__name__} must not drop inside a StockCell: use `dropout` of the "
                "layer around it, or RecurrentDropout."
            )
        super().__init__(**{"dtype": cell.dtype_policy, **kwargs})
        self.cell = cell
        sizes = cell.state_size
        self.state_size = [sizes] if isinstance(sizes, int) else list(sizes)
        self.output_size = getattr(cell, "output_size", None) or self.state_size[0]

    def build(self, input_shape):
        """Build the cell for inputs `(batch, features)`."""
        if not self.cell.built:
            self.cell.build(input_shape)
            self.cell.built = True  # as keras.layers.RNN does, for a cell whose build does not

    def get_initial_state(self, batch_size=None):
        """Return the initial states of the cell, zeros where it does not say."""
        if not hasattr(self.cell, "get_initial_state"):
            return super().get_initial_state(batch_size)
        return _as_list(self.cell.get_initial_state(batch_size=batch_size))

    def begin(self, batch_size, training=False):
        """Return the call of the cell as a step."""
        takes_training = "training" in inspect.signature(self.cell.call).parameters
        options = {"training": training} if takes_training else {}

        def step(projected, states):
            output, states = self.cell(projected, states, **options)
            return output, _as_list(states)

        return step

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "cell": keras.saving.serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the cell and the one in it from a configuration."""
        cell = keras.saving.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return cls(**{**config, "cell": cell})


def _as_list(states):
    return list(states) if isinstance(states, (list, tuple)) else [states]

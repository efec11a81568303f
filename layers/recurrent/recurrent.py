"""The layer that runs a cell over a sequence."""

import keras
from keras import ops

from layers.recurrent.cell import Cell, state_shapes
from layers.recurrent.loop import hold, run
from layers.recurrent.stacked_cell import StackedCell


@keras.saving.register_keras_serializable("working_memory")
class Recurrent(keras.layers.RNN):
    """Runs a cell over a sequence, with the arguments and the meaning of `keras.layers.RNN`.

    What it adds for a `Cell` of this package:

    * the part of the step that does not depend on the state is computed for all steps at once;
    * dropout masks are drawn once a sequence, before the loop;
    * an external memory: `memory=` and `memory_mask=` reach `cell.begin`;
    * states may be matrices, with their true symbolic shapes, and masks work for them on every
      backend;
    * `reset_state()` puts back what the cell calls its initial state instead of zeros;
    * a cell that needs no loop runs without one (`Cell.parallel`).

    A cell of Keras (`keras.layers.GRUCell`, say) runs as `keras.layers.RNN` would run it.

    As in Keras, a mask that travels with `sequences` is picked up only where `sequences` is the
    only tensor given; with `initial_state=` or `memory=`, name it: `mask=`.

    Args:
        cell: a `Cell`, a cell of Keras, or a list of either, stacked.
        return_sequences: return all outputs `(batch, time, output_size)` instead of the last one.
        return_state: return the last states, too: `(output, *states)`.
        go_backwards: run from the last step to the first; the outputs are in that order.
        stateful: start each batch from the states in which the last one ended.
        unroll: write the steps out instead of looping.
        zero_output_for_mask: zero output at padded steps instead of the output before.

    Call arguments:
        sequences: tensor `(batch, time, features)`.
        initial_state: list of tensors `(batch, *size)`, one per state of the cell.
        mask: boolean tensor `(batch, time)`, True = keep. A padded step changes no state.
        training: whether dropout is on.
        memory: tensor `(batch, memory_time, memory_features)` for a cell that reads one.
        memory_mask: boolean tensor `(batch, memory_time)`, True = keep.

    Raises:
        ValueError: if a cell of Keras is given a memory, if `unroll` meets an unknown number of
            steps, if there are more or fewer initial states than the cell has, or if a stateful
            layer meets another batch size.
    """

    def __init__(
        self,
        cell,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        **kwargs,
    ):
        if isinstance(cell, (list, tuple)) and all(isinstance(c, Cell) for c in cell):
            cell = StackedCell(cell)
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            **kwargs,
        )

    def build(self, sequences_shape, initial_state_shape=None, memory_shape=None):
        """Build the cell for one step of the sequence."""
        if memory_shape is not None and not self.cell.built:
            step_shape = (sequences_shape[0], *sequences_shape[2:])
            self.cell.build(step_shape, memory_shape)
        super().build(sequences_shape)

    def call(
        self,
        sequences,
        initial_state=None,
        mask=None,
        training=False,
        memory=None,
        memory_mask=None,
    ):
        """Run the cell over the sequences; see the class for arguments and results."""
        if not isinstance(self.cell, Cell):
            if memory is not None:
                raise ValueError(f"{type(self.cell).__name__} reads no `memory`.")
            return super().call(sequences, initial_state, mask=mask, training=training)
        if self.unroll and sequences.shape[1] is None:
            raise ValueError("`unroll=True` needs a static number of steps.")
        rows = ops.shape(sequences)[0]
        states = self._first_states(sequences.shape[0], rows, initial_state, memory)
        memory = {} if memory is None else {"memory": memory, "memory_mask": memory_mask}
        projected = self.cell.project(sequences, training=training)
        last_output, outputs, states = self._run(projected, rows, states, mask, training, memory)
        output = outputs if self.return_sequences else last_output
        output = ops.cast(output, self.compute_dtype)
        states = [ops.cast(state, self.compute_dtype) for state in states]
        if self.stateful:
            for variable, state in zip(self.states, states, strict=True):
                variable.assign(state)
        return (output, *states) if self.return_state else output

    def look_up(self, table, ids, mask=None):
        """Run the cell over rows of a table, without dropout: `self(table[ids], mask=mask)`.

        What of a step depends on its input alone is computed once for each row, however often it
        occurs. For a batch of texts, whose words recur, that saves most of this part.

        Args:
            table: tensor `(rows, features)`.
            ids: integers `(batch, time)`, rows of the table.
            mask: boolean tensor `(batch, time)`, True = keep.

        Returns:
            The output, or outputs, that a call returns.

        Raises:
            ValueError: if the layer is stateful or returns its states.
        """
        if self.stateful or self.return_state:
            raise ValueError("A layer that keeps or returns its states looks nothing up.")
        if not isinstance(self.cell, Cell):
            return self(ops.take(table, ids, axis=0), mask=mask)
        table = self.cell.project(ops.expand_dims(ops.cast(table, self.compute_dtype), 0))

        def projected(ids):
            return keras.tree.map_structure(lambda x: ops.take(x[0], ids, axis=0), table)

        states = self._first_states(None, ops.shape(ids)[0], None, None)
        result = self._run_parallel(projected(ids), states, mask, False)
        if result is None:
            # In the loop, each step takes the rows that it needs: they are not written down for all
            # steps first. (A graph leaves out those above, which nothing uses.)
            step = self.cell.begin(ops.shape(ids)[0])
            steps = ops.expand_dims(ids, -1)
            result = self._loop(lambda ids, h: step(projected(ids[:, 0]), h), steps, states, mask)
        last_output, outputs, _ = result
        return ops.cast(outputs if self.return_sequences else last_output, self.compute_dtype)

    def _first_states(self, known_rows, rows, initial_state, memory):
        if self.stateful:
            expected = self.states[0].shape[0]
            if known_rows not in (None, expected):
                raise ValueError(f"This stateful layer has {expected} rows, received {known_rows}.")
            if initial_state is None:
                # Copies, since the variables change before a gradient reads them on torch.
                initial_state = [ops.copy(state) for state in self.states]
        # A state of unknown size is as long as the memory, and made with it at hand.
        sized = all(None not in size for size in state_shapes(self.cell))
        states = self.cell.get_initial_state(rows, **({} if sized else {"memory": memory}))
        if initial_state is None:
            return states
        given = keras.tree.flatten(initial_state)
        if len(given) != len(states):
            raise ValueError(f"The cell has {len(states)} states, received {len(given)}.")
        # Each in the dtype in which the cell keeps it: a loop changes none.
        return [ops.cast(x, state.dtype) for x, state in zip(given, states, strict=True)]

    def _run(self, projected, rows, states, mask, training, memory):
        if not memory:
            result = self._run_parallel(projected, states, mask, training)
            if result is not None:
                return result
        step = self.cell.begin(rows, training=training, **memory)
        return self._loop(step, projected, states, mask)

    def _loop(self, step, inputs, states, mask):
        return run(
            step,
            inputs,
            states,
            mask,
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            zero_output_for_mask=self.zero_output_for_mask,
            return_all_outputs=self.return_sequences,
        )

    def _run_parallel(self, projected, states, mask, training):
        if self.go_backwards:
            projected = keras.tree.map_structure(lambda x: ops.flip(x, axis=1), projected)
            mask = None if mask is None else ops.flip(mask, axis=1)
        result = self.cell.parallel(projected, states, mask=mask, training=training)
        if result is None:
            return None
        outputs, states = result
        if mask is not None and self.zero_output_for_mask:
            outputs = ops.where(ops.expand_dims(mask, -1), outputs, ops.zeros_like(outputs))
        elif mask is not None:
            outputs = hold(outputs, mask)
        return outputs[:, -1], outputs, states

    def reset_state(self):
        """Set the states of a stateful layer to the initial state of its cell."""
        if self.states is not None:
            states = keras.tree.flatten(self.states)
            initial = keras.tree.flatten(self.get_initial_state(states[0].shape[0]))
            for variable, state in zip(states, initial, strict=True):
                variable.assign(state)

    def compute_output_shape(self, sequences_shape, initial_state_shape=None, memory_shape=None):
        """Return the shape of the output, followed by those of the states if they are returned."""
        if isinstance(self.cell, keras.layers.StackedRNNCells):
            return super().compute_output_shape(sequences_shape)
        batch_size, time = sequences_shape[:2]
        size = getattr(self.cell, "output_size", None) or self.state_size[0]
        output = (batch_size, time, size) if self.return_sequences else (batch_size, size)
        if self.return_state:
            length = memory_shape[1] if memory_shape else None
            states = [[length if n is None else n for n in s] for s in state_shapes(self.cell)]
            return (output, *[(batch_size, *size) for size in states])
        return output

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the layer and its cell from a configuration."""
        return super().from_config(dict(config), custom_objects)  # Keras takes the cell out of it

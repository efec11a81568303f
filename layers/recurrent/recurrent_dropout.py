"""Dropout of a state, the same at every step."""

import keras

from layers.recurrent.cell import check_rate, dropout_mask, state_shapes
from layers.recurrent.cell_wrapper import CellWrapper


@keras.saving.register_keras_serializable("working_memory")
class RecurrentDropout(CellWrapper):
    """Drops units of one state of any cell on its way into the step (Gal & Ghahramani 2016).

        y_t, s_t = cell(x_t, m * s_{t-1})

    with one mask m per sequence: 0 with probability `rate`, otherwise 1 / (1 - rate). In
    inference it is the cell.

    The step sees the dropped state wherever it reads it. For a cell that reads its state only
    through its recurrent kernel, like h of an LSTM or of a simple recurrent network, this is what
    its own `recurrent_dropout` does. For one that also carries the state on, like h of a GRU or c
    of an LSTM, what is dropped is forgotten: zoneout serves those better.

    States and output are those of the cell.

    Args:
        cell: the `Cell` to wrap.
        rate: share of the units to drop.
        state: which state, counted from 0 in the order of `cell.state_size`.
        seed: seed of the mask.

    Raises:
        ValueError: if `cell` is not a `Cell`, `rate` is not in [0, 1), or it has no such state.
    """

    def __init__(self, cell, rate, state=0, seed=None, **kwargs):
        super().__init__(cell, **kwargs)
        count = len(state_shapes(self))
        if state not in range(count):
            raise ValueError(f"`state` must be at least 0 and less than {count}, received {state}.")
        self.rate = check_rate("rate", rate)
        self.state = state
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def begin(self, batch_size, training=False):
        """Draw the mask; return the step of the cell from the dropped state."""
        step = self.cell.begin(batch_size, training=training)
        if not training or not self.rate:
            return step
        shape = (batch_size, *state_shapes(self)[self.state])
        mask = dropout_mask(shape, self.rate, self.seed_generator, self.compute_dtype)

        def step_with_dropout(projected, states):
            states = list(states)
            states[self.state] = states[self.state] * mask
            return step(projected, states)

        return step_with_dropout

    def parallel(self, projected, states, mask=None, training=False):
        """Run the cell without a loop, if it can and nothing is dropped."""
        if training and self.rate:
            return None
        return self.cell.parallel(projected, states, mask=mask, training=training)

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "state": self.state,
            "seed": self.seed,
        }

"""Zoneout: units that now and then keep their state."""

import keras
from keras import ops

from layers.recurrent.cell import as_tuple, check_rate, state_shapes
from layers.recurrent.cell_wrapper import CellWrapper, without_last


@keras.saving.register_keras_serializable("working_memory")
class Zoneout(CellWrapper):
    """Lets each unit of the states of any cell skip steps at random (Krueger et al. 2016).

        s_t = d_t * s_{t-1} + (1 - d_t) * cell(x_t, s_{t-1})      training, d_t ~ Bernoulli(rate)
        s_t = rate * s_{t-1} + (1 - rate) * cell(x_t, s_{t-1})    inference, the expectation

    for each state s, with a d_t drawn anew for every step and unit. As in the paper, what the
    cell computes within a step is not affected: the h of an LSTM comes from the c that the cell
    computed, not from the c that is kept.

    An output that is one of the states (h of an LSTM, the very tensor) is what that state
    becomes. Any other output is as the cell gave it, so the residual connection belongs around:
    `ResidualCell(Zoneout(cell, 0.1))`.

    States and output are those of the cell, a matrix like a vector. A cell of several layers is
    zoned out as a whole: `Zoneout(StackedCell(...), 0.1)`.

    Args:
        cell: the `Cell` to wrap.
        rates: probability that a unit keeps its state; a number for all states, or a list with
            one number per state. The paper has `[0.05, 0.5]` for the h and c of an LSTM. States
            that mean something only together, like a cell state and its stabiliser, need 0.
        seed: seed of the random numbers.

    Raises:
        ValueError: if `cell` is not a `Cell`, a rate is not in [0, 1), or there is not one rate
            per state.
    """

    def __init__(self, cell, rates, seed=None, **kwargs):
        super().__init__(cell, **kwargs)
        count = len(state_shapes(self))
        each = list(rates) if isinstance(rates, (list, tuple)) else [rates] * count
        if len(each) != count:
            raise ValueError(f"`rates` must be {count}, one per state, received {rates}.")
        self.rates = rates
        self.rate_of_state = [check_rate("rates", rate) for rate in each]
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    @property
    def project_draws(self):
        """Whether any state is zoned out, or the cell draws."""
        return any(self.rate_of_state) or self.cell.project_draws

    def project(self, inputs, training=False):
        """Return the projection of the cell and, in training, which units keep their states."""
        projected = self.cell.project(inputs, training=training)
        if not training or not any(self.rate_of_state):
            return projected
        leading = ops.shape(inputs)[:-1]
        kept = [
            keras.random.uniform((*leading, *shape), seed=self.seed_generator) < rate
            for shape, rate in zip(state_shapes(self), self.rate_of_state, strict=True)
            if rate
        ]
        return (*as_tuple(projected), *kept)

    def begin(self, batch_size, training=False):
        """Begin the cell; return its step, followed by the choice between old and new states."""
        cell_step = self.cell.begin(batch_size, training=training)
        count = sum(rate > 0 for rate in self.rate_of_state)

        def step(projected, states):
            kept = ()
            if training and count:
                projected, kept = without_last(projected, count)
            output, new_states = cell_step(projected, states)
            kept, zoned, output_after = iter(kept), [], output
            for rate, old, new in zip(self.rate_of_state, states, new_states, strict=True):
                state = new
                if rate:
                    state = ops.where(next(kept), old, new) if training else mix(rate, old, new)
                zoned.append(state)
                if new is output:
                    output_after = state
            return output_after, zoned

        return step

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "rates": self.rates, "seed": self.seed}


def mix(rate, old, new):
    """Return what a state is on average."""
    return rate * old + (1 - rate) * new

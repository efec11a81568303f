"""The contract of a cell is no better than what it catches: one that keeps it, and broken ones."""

import inspect
import re

import keras
import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops

from layers.recurrent import Cell
from layers.recurrent.cell import dropout_mask

register = keras.saving.register_keras_serializable("cell_contract_test")


@register
class Keeper(Cell):
    """Keeps the contract: h_t = a * h_{t-1} + W x_t, with a loop and without, and a count of steps.

    The states are h and the number of steps so far, `(batch, 1, 1)`, which starts at 1.
    """

    def __init__(self, units, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.state_size = [units, (1, 1)]
        self.dropout = dropout
        self.seed_generator = keras.random.SeedGenerator(3)

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.decay = self.add_weight(shape=(self.units,), name="decay")

    def get_initial_state(self, batch_size=None):
        hidden, count = super().get_initial_state(batch_size)
        return [hidden, count + 1]

    @property
    def project_draws(self):
        return self.dropout > 0

    def project(self, inputs, training=False):
        projected = ops.matmul(self.computed(inputs), self.computed(self.kernel))
        return self.drop(projected) if training and self.dropout else projected

    def drop(self, x):
        return x * dropout_mask(ops.shape(x), self.dropout, self.seed_generator, x.dtype)

    def factor(self):
        return ops.sigmoid(self.computed(self.decay))

    def begin(self, batch_size, training=False):
        factor = self.factor()

        def step(projected, states):
            hidden = factor * states[0] + projected
            return hidden, [hidden, states[1] + 1]

        return step

    def parallel(self, projected, states, mask=None, training=False):
        keep = ops.ones_like(projected[..., :1])
        if mask is not None:
            keep = ops.cast(ops.expand_dims(mask, -1), projected.dtype)
        counts = ops.cumsum(keep, axis=1)
        # The weight of step s in step t is factor ** (number of kept steps between them).
        distance = ops.expand_dims(counts, 2) - ops.expand_dims(counts, 1)
        allowed = ops.cast(ops.expand_dims(self.order(ops.shape(projected)[1]), -1), keep.dtype)
        weights = self.factor() ** ops.relu(distance) * allowed * ops.expand_dims(keep, 1)
        outputs = ops.sum(weights * ops.expand_dims(projected, 1), axis=2)
        outputs = outputs + self.factor() ** counts * self.start(states[0])
        return outputs, [outputs[:, -1], states[1] + ops.expand_dims(counts[:, -1], 1)]

    def order(self, time):
        steps = ops.arange(time, dtype="int32")
        return ops.expand_dims(steps, 1) >= ops.expand_dims(steps, 0)

    def start(self, hidden):
        return ops.expand_dims(hidden, 1)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "dropout": self.dropout}


@register
class DrawsInInference(Keeper):
    def project(self, inputs, training=False):
        return super().project(inputs, training=True)


@register
class DrawsUndeclared(Keeper):
    project_draws = False


@register
class DrawsInTheStep(Keeper):
    def begin(self, batch_size, training=False):
        step = super().begin(batch_size)
        drop = self.drop if training else lambda x: x
        return lambda projected, states: step(drop(projected), states)


@register
class MisjudgesItsStates(Keeper):
    def get_initial_state(self, batch_size=None):
        return [*super().get_initial_state(batch_size)[:1], ops.ones((batch_size, 1))]


@register
class ReturnsATuple(Keeper):
    def begin(self, batch_size, training=False):
        step = super().begin(batch_size)

        def with_tuple(projected, states):
            output, states = step(projected, states)
            return output, tuple(states)

        return with_tuple


@register
class MixesSteps(Keeper):
    def project(self, inputs, training=False):
        projected = super().project(inputs, training)
        return projected if len(projected.shape) == 2 else projected - ops.flip(projected, axis=1)


@register
class BindsTheRows(Keeper):
    def begin(self, batch_size, training=False):
        step, nothing = super().begin(batch_size), ops.zeros((batch_size, self.units))
        return lambda projected, states: step(projected + self.computed(nothing), states)


@register
class ForgetsAnArgument(Keeper):
    def get_config(self):
        return {**super().get_config(), "units": self.units + 1}


@register
class ParallelDisagrees(Keeper):
    def order(self, time):
        return ops.ones((time, time), "bool")


@register
class ParallelIgnoresTheMask(Keeper):
    def parallel(self, projected, states, mask=None, training=False):
        return super().parallel(projected, states)


@register
class ParallelIgnoresTheStates(Keeper):
    def start(self, hidden):
        return ops.zeros_like(super().start(hidden))


@register
class ParallelNeedsToKnowTheTime(Keeper):
    def order(self, time):
        return np.tril(np.ones((time, time), "bool"))


@register
class StopsAGradient(Keeper):
    def factor(self):
        return ops.stop_gradient(super().factor())


@register
class LosesAGradientInTheLoop(Keeper):
    def begin(self, batch_size, training=False):
        step = super().begin(batch_size)
        return lambda projected, states: step(ops.stop_gradient(projected), states)


@register
class OverflowsInHalf(Keeper):
    def project(self, inputs, training=False):
        return super().project(inputs * 1e3, training) * 1e3 / 1e6


@register
class LeavesTheComputeDtype(Keeper):
    def begin(self, batch_size, training=False):
        step = super().begin(batch_size)
        return lambda projected, states: step(ops.cast(projected, "float32"), states)


@register
class FindsOtherNumbersCompiled(Keeper):
    def project(self, inputs, training=False):
        projected = super().project(inputs, training)
        try:
            ops.convert_to_numpy(inputs)
        except Exception:  # every backend has its own for a tensor without a value
            return projected + 1
        return projected


def check(cls):
    check_cell(lambda **overrides: cls(4, dropout=0.3, **overrides), in_stock_rnn=False)


def test_a_good_cell_passes():
    check_cell(lambda **overrides: Keeper(4, **overrides))


BACKEND = keras.config.backend()
NO_GRADIENTS = pytest.mark.skipif(BACKEND != "tensorflow", reason="checked on TensorFlow")


@pytest.mark.parametrize(
    "cls, message",
    [
        (DrawsInInference, "draws: inference is random"),
        (DrawsUndeclared, "draws: `project` draws in training, `project_draws` says otherwise"),
        (DrawsInTheStep, "draws: the step draws"),
        (MisjudgesItsStates, "shapes: get_initial_state returns states"),
        (ReturnsATuple, "shapes: a step returns states as .*tuple"),
        (MixesSteps, "project: projecting one step"),
        (BindsTheRows, "attention: "),
        (ForgetsAnArgument, "compiled: "),
        (ParallelDisagrees, "sequence: the whole sequence is not what its steps are"),
        (ParallelIgnoresTheMask, "masks: a row of padding alone changes state 0"),
        (ParallelIgnoresTheStates, "sequence: the whole"),
        pytest.param(
            ParallelNeedsToKnowTheTime,
            "compiled: ",
            marks=pytest.mark.skipif(BACKEND != "tensorflow", reason="time is always known"),
        ),
        pytest.param(StopsAGradient, "gradients: along the weights", marks=NO_GRADIENTS),
        pytest.param(
            LosesAGradientInTheLoop,
            "gradients: along the inputs through the loop",
            marks=NO_GRADIENTS,
        ),
        (OverflowsInHalf, "precision: mixed_float16 is far from float32"),
        (LeavesTheComputeDtype, "gradients: .*Error|precision: "),
        pytest.param(
            FindsOtherNumbersCompiled,
            "sequence: the whole|compiled: with jit_compile",
            marks=pytest.mark.skipif(BACKEND == "torch", reason="nothing is compiled"),
        ),
    ],
)
def test_a_broken_cell_is_caught(cls, message):
    with pytest.raises(AssertionError, match=f"^{cls.__name__}, ({message})"):
        check(cls)


def test_the_cell_of_the_documentation_passes():
    (text,) = re.findall(r"```python\n(.*?)```", inspect.getdoc(Cell), re.S)
    names = {"keras": keras, "ops": ops, "Cell": Cell}
    exec(text, names)
    check_cell(lambda **overrides: names["ElmanCell"](4, **overrides))


def test_only_an_unbuilt_cell_is_checked():
    with pytest.raises(AssertionError, match="LSTMCell, make: .* not a Cell of layers.recurrent"):
        check_cell(lambda **overrides: keras.layers.LSTMCell(4, **overrides))

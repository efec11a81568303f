"""Recurrent: what it shares with keras.layers.RNN, and what it adds."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.attention import AttentionCell
from layers.recurrent import (
    Cell,
    LSTMCell,
    Recurrent,
    RecurrentDropout,
    ResidualCell,
    StackedCell,
    Zoneout,
)

RNG = np.random.default_rng(3)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]], "bool")


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def close(one, other, tolerance=1e-5):
    np.testing.assert_allclose(numpy(one), numpy(other), rtol=tolerance, atol=tolerance)


@keras.saving.register_keras_serializable("working_memory_tests")
class MatrixCell(Cell):
    """Adds the input to a memory matrix that starts at 0.5, and reads it with a vector state."""

    state_size = [3, (4, 3)]
    output_size = 3

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 3), name="kernel")

    def project(self, inputs, training=False):
        return ops.matmul(self.computed(inputs), self.computed(self.kernel))

    def get_initial_state(self, batch_size=None):
        vector, matrix = super().get_initial_state(batch_size)
        return [vector, matrix + 0.5]

    def begin(self, batch_size, training=False):
        def step(projected, states):
            vector, matrix = states
            matrix = 0.9 * matrix + ops.expand_dims(ops.tanh(projected + vector), 1)
            vector = ops.tanh(ops.mean(matrix, axis=1))
            return vector * 2, [vector, matrix]

        return step


@keras.saving.register_keras_serializable("working_memory_tests")
class SumCell(Cell):
    """A running sum, which needs no loop."""

    loops = 0
    output_size = state_size = 3

    def build(self, input_shape):
        self.built = True

    def begin(self, batch_size, training=False):
        SumCell.loops += 1

        def step(projected, states):
            return projected + states[0], [projected + states[0]]

        return step

    def parallel(self, projected, states, mask=None, training=False):
        if mask is not None:
            projected = ops.where(ops.expand_dims(mask, -1), projected, 0.0)
        outputs = ops.cumsum(projected, axis=1) + ops.expand_dims(states[0], 1)
        return outputs, [outputs[:, -1]]


def masked_by_hand(cell, x, states, mask, zero_output):
    """The semantics of keras.layers.RNN, written out row by row and step by step."""
    rows = []
    for row in range(len(x)):
        state = [s[row : row + 1] for s in states]
        output, outputs = np.zeros((1, cell.output_size), "float32"), []
        for t in range(x.shape[1]):
            if mask[row, t]:
                output, state = cell(x[row : row + 1, t], state)
                output, state = numpy(output), [numpy(s) for s in state]
            keep = mask[row, t] or not zero_output
            outputs.append(output if keep else np.zeros_like(output))
        rows.append((np.concatenate(outputs)[None], *state))
    return [np.concatenate(parts) for parts in zip(*rows, strict=True)]


@pytest.mark.parametrize("zero_output", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("make", [lambda: LSTMCell(3), MatrixCell])
def test_masks_change_nothing_at_padded_steps(make, unroll, go_backwards, zero_output):
    x, cell = normal(4, 5, 2), make()
    layer = Recurrent(
        cell,
        return_sequences=True,
        return_state=True,
        go_backwards=go_backwards,
        unroll=unroll,
        zero_output_for_mask=zero_output,
    )
    states = [normal(4, 3), normal(4, 3) if isinstance(cell, LSTMCell) else normal(4, 4, 3)]
    got = layer(x, initial_state=states, mask=MASK)
    order = slice(None, None, -1) if go_backwards else slice(None)
    wanted = masked_by_hand(cell, x[:, order], states, MASK[:, order], zero_output)
    for one, other in zip(got, wanted, strict=True):
        close(one, other)
    layer.return_sequences, layer.return_state = False, False
    close(layer(x, initial_state=states, mask=MASK), wanted[0][:, -1])


@pytest.mark.parametrize("make", [lambda: LSTMCell(3), MatrixCell])
def test_step_by_step_equals_whole_sequence(make):
    x, cell = normal(3, 5, 2), make()
    layer = Recurrent(cell, return_sequences=True, return_state=True)
    outputs, *states = layer(x)
    current = cell.get_initial_state(3)
    for t in range(5):
        output, current = cell(x[:, t], current)
        close(output, outputs[:, t])
    for one, other in zip(current, states, strict=True):
        close(one, other)


def test_matrix_states_have_their_true_symbolic_shapes():
    inputs = keras.Input((None, 2))
    layer = Recurrent(MatrixCell(), return_sequences=True, return_state=True)
    outputs, vector, matrix = layer(inputs)
    assert outputs.shape == (None, None, 3)
    assert (vector.shape, matrix.shape) == ((None, 3), (None, 4, 3))
    stacked = Recurrent([LSTMCell(3), MatrixCell()], return_state=True)
    shapes = [s.shape for s in stacked(inputs)]
    assert shapes == [(None, 3), (None, 3), (None, 3), (None, 3), (None, 4, 3)]


def test_stateful_goes_on_and_resets_to_the_initial_state_of_the_cell():
    x = normal(3, 6, 2)
    whole = Recurrent(MatrixCell(), return_sequences=True)
    stateful = Recurrent(MatrixCell(), return_sequences=True, stateful=True)
    wanted = whole(x)
    first = stateful(x[:, :4])
    assert np.abs(numpy(first) - numpy(wanted[:, :4])).max() > 0  # other weights so far
    stateful.set_weights(whole.get_weights() + stateful.get_weights()[1:])
    stateful.reset_state()
    close(stateful.states[1], np.full((3, 4, 3), 0.5))
    close(stateful(x[:, :4]), wanted[:, :4])
    close(stateful(x[:, 4:]), wanted[:, 4:])
    with pytest.raises(ValueError, match="3 rows, received 2"):
        stateful(x[:2])


def test_stock_cells_run_as_in_keras():
    x, mask = normal(4, 5, 2), np.arange(5) < np.array([[5], [4], [2], [1]])
    for make in (
        lambda: keras.layers.GRUCell(3),
        lambda: keras.layers.StackedRNNCells([keras.layers.LSTMCell(3), keras.layers.LSTMCell(4)]),
    ):
        stock, ours = (
            keras.layers.RNN(make(), return_state=True),
            Recurrent(make(), return_state=True),
        )
        wanted = stock(x, mask=mask)
        ours(x)
        ours.set_weights(stock.get_weights())
        got = ours(x, mask=mask)
        assert len(got) == len(wanted)
        for one, other in zip(keras.tree.flatten(got), keras.tree.flatten(wanted), strict=True):
            close(one, other)
    with pytest.raises(ValueError, match="reads no `memory`"):
        ours(x, memory=x)


def test_works_in_stock_bidirectional():
    x = normal(4, 5, 2)
    options = {"return_sequences": True, "return_state": True}
    ours = keras.layers.Bidirectional(Recurrent(LSTMCell(3), **options))
    stock = keras.layers.Bidirectional(keras.layers.LSTM(3, **options))
    mask = np.arange(5) < np.array([[5], [4], [2], [1]])
    stock(x)
    ours(x)
    ours.set_weights(stock.get_weights())
    for one, other in zip(ours(x, mask=mask), stock(x, mask=mask), strict=True):
        close(one, other)


@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("zero_output", [False, True])
def test_parallel_form_replaces_the_loop(mask, go_backwards, zero_output):
    x, state = normal(4, 5, 3), normal(4, 3)
    options = {
        "return_sequences": True,
        "return_state": True,
        "go_backwards": go_backwards,
        "zero_output_for_mask": zero_output,
    }
    SumCell.loops = 0
    fast = Recurrent(SumCell(), **options)(x, initial_state=[state], mask=mask)
    assert SumCell.loops == 0
    looping = SumCell()
    looping.parallel = lambda *args, **kwargs: None
    slow = Recurrent(looping, **options)(x, initial_state=[state], mask=mask)
    assert SumCell.loops == 1
    for one, other in zip(fast, slow, strict=True):
        close(one, other)


def test_inputs_are_projected_once_for_all_steps(monkeypatch):
    cell, shapes = LSTMCell(3), []
    project = cell.project

    def counted(inputs, training=False):
        shapes.append(tuple(inputs.shape))
        return project(inputs, training=training)

    monkeypatch.setattr(cell, "project", counted)
    Recurrent(cell, return_sequences=True)(normal(4, 5, 2), mask=MASK)
    assert shapes == [(4, 5, 2)]


def test_a_cell_that_reads_a_memory_is_the_outermost():
    cell = AttentionCell(LSTMCell(3))
    makers = (Zoneout, RecurrentDropout, lambda cell, _: ResidualCell(cell))
    for make in (*makers, lambda cell, _: StackedCell([cell])):
        with pytest.raises(ValueError, match="AttentionCell reads a memory, so it has to be"):
            make(cell, 0.1)


def test_stacked_cell_equals_layer_after_layer():
    x = normal(4, 5, 2)
    stacked = Recurrent([LSTMCell(3), MatrixCell()], return_sequences=True)
    wanted = stacked(x, mask=MASK)
    lower = Recurrent(stacked.cell.cells[0], return_sequences=True)
    upper = Recurrent(stacked.cell.cells[1], return_sequences=True)
    close(upper(lower(x, mask=MASK), mask=MASK), wanted)


def test_stacked_cell_says_who_drops():
    with pytest.raises(ValueError, match="own `dropout`"):
        StackedCell([LSTMCell(3), LSTMCell(3, dropout=0.5)])
    with pytest.raises(ValueError, match="at least one Cell"):
        StackedCell([keras.layers.LSTMCell(3)])


def test_unroll_needs_a_static_time_axis():
    with pytest.raises(ValueError, match="static number of steps"):
        Recurrent(LSTMCell(3), unroll=True).call(keras.Input((None, 2)))


CELLS = {
    "lstm": lambda: LSTMCell(4, dropout=0.2, recurrent_dropout=0.3, seed=4),
    "matrix": MatrixCell,
    "stacked": lambda: StackedCell([LSTMCell(4, seed=2), LSTMCell(3, seed=3)], dropout=0.4, seed=1),
}


@pytest.mark.parametrize(
    "name, options, seeds",
    [
        ("lstm", {"return_sequences": True, "zero_output_for_mask": True}, 1),
        ("matrix", {"return_sequences": True, "return_state": True, "go_backwards": True}, 0),
        ("stacked", {"return_state": True}, 3),
        ("lstm", {"unroll": True}, 1),
    ],
)
def test_contract(name, options, seeds):
    check_layer(
        Recurrent,
        lambda: {"cell": CELLS[name](), **options},
        normal(3, 5, 8),
        masks={"mask": "sequences"},
        seed_generators=seeds,
        variable_time=not options.get("unroll", False),
    )


def test_contract_of_a_stateful_layer_without_known_batch():
    with pytest.raises(ValueError, match="static"):
        Recurrent(LSTMCell(3), stateful=True)(keras.Input((None, 2)))

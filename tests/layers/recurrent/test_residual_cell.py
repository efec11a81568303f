"""ResidualCell: the inputs added to the output of any cell."""

import keras
import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.attention import AttentionCell
from layers.recurrent import (
    LSTMCell,
    MinGRUCell,
    Recurrent,
    ResidualCell,
    StackedCell,
    Zoneout,
)
from layers.recurrent.loop import run

RNG = np.random.default_rng(12)
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], "bool")


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def close(one, other):
    np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("go_backwards", [False, True])
def test_output_is_that_of_the_cell_and_the_inputs(go_backwards):
    x, cell = normal(4, 4, 5), LSTMCell(5)
    options = {"return_sequences": True, "return_state": True, "go_backwards": go_backwards}
    plain = Recurrent(cell, zero_output_for_mask=True, **options)
    residual = Recurrent(ResidualCell(cell), zero_output_for_mask=True, **options)
    outputs, *states = plain(x, mask=MASK)
    got, *got_states = residual(x, mask=MASK)
    added = x * MASK[..., None]
    close(got, numpy(outputs) + (added[:, ::-1] if go_backwards else added))
    for one, other in zip(got_states, states, strict=True):
        close(one, other)


@pytest.mark.parametrize("mask", [None, MASK])
def test_the_parallel_form_of_the_cell_is_used(mask):
    cell, x, start = ResidualCell(MinGRUCell(5)), normal(4, 4, 5), normal(4, 5)
    layer = Recurrent(cell, return_sequences=True, return_state=True, zero_output_for_mask=True)
    got = layer(x, initial_state=[start], mask=mask)
    projected, states = cell.project(x), [ops.convert_to_tensor(start)]
    assert cell.parallel(projected, states, mask=mask) is not None
    _, outputs, states = run(cell.begin(4), projected, states, mask, zero_output_for_mask=True)
    for one, other in zip(got, [outputs, *states], strict=True):
        close(one, other)
    assert ResidualCell(LSTMCell(5)).parallel((projected[0], x), states) is None


def test_an_upper_cell_and_a_cell_with_attention_may_be_residual():
    lower, upper = LSTMCell(5), ResidualCell(LSTMCell(5))
    got = Recurrent(StackedCell([lower, upper]), return_sequences=True)
    x, memory = normal(4, 4, 3), normal(4, 7, 6)
    stacked = got(x, mask=MASK)
    below = Recurrent(lower, return_sequences=True)(x, mask=MASK)
    close(Recurrent(upper, return_sequences=True)(below, mask=MASK), stacked)
    plain = AttentionCell(LSTMCell(3), units=4)
    residual = AttentionCell(ResidualCell(LSTMCell(3)), units=4)
    for cell in (plain, residual):
        Recurrent(cell)(x, memory=memory)
    residual.set_weights(plain.get_weights())
    # With nothing but zeros for inputs there is nothing to add.
    one, other = [Recurrent(c)(x * 0, memory=memory) for c in (plain, residual)]
    close(one, other)
    one, other = [numpy(Recurrent(c)(x, memory=memory)) for c in (plain, residual)]
    assert np.abs(one - other).max() > 1e-3


def test_inputs_and_output_must_have_the_same_size():
    with pytest.raises(ValueError, match="same size, received 3 and 5"):
        Recurrent(ResidualCell(LSTMCell(5)))(normal(2, 4, 3))
    with pytest.raises(ValueError, match="must be a Cell of layers.recurrent"):
        ResidualCell(keras.layers.GRUCell(5))


def test_promises_of_a_cell():
    def make(**options):
        return ResidualCell(Zoneout(LSTMCell(5, **options), 0.3, **options), **options)

    check_cell(make)


def test_contract():
    check_layer(
        ResidualCell,
        lambda: {"cell": LSTMCell(4, dropout=0.3, seed=1)},
        {"inputs": normal(3, 4), "states": [normal(3, 4), normal(3, 4)]},
        seed_generators=1,
        trainable_weights=3,
        precisions=(),  # the dtype of the cell inside is that of the contract of a cell
    )

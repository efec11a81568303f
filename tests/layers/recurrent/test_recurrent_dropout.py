"""RecurrentDropout: one mask a sequence for a state of any cell."""

import keras
import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent import LSTMCell, Recurrent, RecurrentDropout, StackedCell, StockCell

RNG = np.random.default_rng(13)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def test_is_the_recurrent_dropout_of_the_lstm():
    own = Recurrent(LSTMCell(6, recurrent_dropout=0.4, seed=2), return_sequences=True)
    wrapped = Recurrent(RecurrentDropout(LSTMCell(6), 0.4, seed=2), return_sequences=True)
    x = normal(3, 5, 4)
    own(x)
    wrapped(x)
    own.set_weights([normal(*w.shape) for w in own.weights])
    wrapped.set_weights(own.get_weights())
    for training in (True, True, False):  # two sequences, two masks
        one, other = [numpy(layer(x, training=training)) for layer in (own, wrapped)]
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_the_mask_holds_for_the_sequence_and_the_named_state():
    cell = RecurrentDropout(LSTMCell(50), 0.5, state=1, seed=1)
    cell.build((2, 3))
    step = cell.begin(2, training=True)
    # With the input gate shut and the forget gate open, c comes out as it went in.
    kernel, recurrent, bias = cell.get_weights()
    bias[:50], bias[50:100] = -100, 100
    cell.set_weights([kernel * 0, recurrent * 0, bias])
    projected = cell.project(ops.zeros((2, 3)))
    ones = [ops.ones((2, 50)), ops.ones((2, 50))]
    one, other = [numpy(step(projected, ones)[1][1]) for _ in range(2)]
    np.testing.assert_array_equal(one, other)
    another = numpy(cell.begin(2, training=True)(projected, ones)[1][1])
    assert (one != another).any()
    assert {0.0, 2.0} == {*np.round(one, 4).flat}
    assert 0.3 < (one == 0).mean() < 0.7


def test_it_may_be_an_upper_cell_since_it_draws_before_the_loop():
    cell = StackedCell([LSTMCell(4), RecurrentDropout(LSTMCell(4), 0.5)])
    layer, x = Recurrent(cell), normal(3, 5, 4)
    one, other = [numpy(layer(x, training=True)) for _ in range(2)]
    assert np.abs(one - other).max() > 1e-4


@pytest.mark.parametrize(
    "wrong, sentence",
    [({"rate": 1.0}, "`rate` must be"), ({"rate": 0.1, "state": 2}, "less than 2, received 2")],
)
def test_wrong_arguments_are_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        RecurrentDropout(LSTMCell(3), **wrong)


def test_promises_of_a_cell():
    def make(**options):
        cell = StockCell(keras.layers.SimpleRNNCell(4, **options), **options)
        return RecurrentDropout(cell, 0.3, **options)

    check_cell(make)


def test_contract():
    check_layer(
        RecurrentDropout,
        lambda: {"cell": LSTMCell(4, dropout=0.3, seed=1), "rate": 0.4, "state": 1, "seed": 3},
        {"inputs": normal(3, 8), "states": [normal(3, 4), normal(3, 4)]},
        seed_generators=2,
        trainable_weights=3,
        precisions=(),  # the dtype of the cell inside is that of the contract of a cell
    )

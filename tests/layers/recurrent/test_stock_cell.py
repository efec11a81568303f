"""StockCell: the cells of Keras, wherever a cell of this package can be."""

import keras
import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.attention import AttentionCell
from layers.recurrent import LSTMCell, Recurrent, RecurrentEncoder, StackedCell, StockCell, Zoneout

RNG = np.random.default_rng(14)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize(
    "make", [keras.layers.GRUCell, keras.layers.SimpleRNNCell, keras.layers.LSTMCell]
)
def test_equals_the_layer_of_keras(make):
    x, mask = normal(4, 5, 3), np.arange(5) < np.array([[5], [4], [2], [1]])
    options = {"return_sequences": True, "return_state": True}
    stock = keras.layers.RNN(make(4), **options)
    wanted = stock(x, mask=mask)
    ours = Recurrent(StockCell(make(4)), **options)
    ours(x)
    ours.set_weights(stock.get_weights())
    for one, other in zip(ours(x, mask=mask), wanted, strict=True):
        np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-5, atol=1e-6)


@keras.saving.register_keras_serializable("working_memory_tests")
class Counter(keras.layers.Layer):
    """The least that Keras calls a cell: no output size, no initial state, no training."""

    state_size = 3

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")

    def call(self, inputs, states):
        state = states[0] + self.scale * inputs
        return state, state


def test_a_cell_of_the_least_form():
    x = normal(2, 4, 3)
    cell = StockCell(Counter())
    assert (cell.state_size, cell.output_size) == ([3], 3)
    outputs = Recurrent(cell, return_sequences=True)(x)
    np.testing.assert_allclose(numpy(outputs), np.cumsum(x, axis=1), rtol=1e-5, atol=1e-6)


def test_goes_where_a_cell_goes():
    x, memory = normal(3, 5, 4), normal(3, 7, 6)
    stack = StackedCell([Zoneout(StockCell(keras.layers.GRUCell(4)), 0.2), LSTMCell(3)])
    assert Recurrent(AttentionCell(stack))(x, memory=memory, training=True).shape == (3, 3)


def test_the_dtype_of_a_layer_reaches_the_cell_inside():
    layer = RecurrentEncoder(StockCell(keras.layers.GRUCell(4)), dtype="mixed_bfloat16")
    inner = layer.stack[0].forward_layer.cell.cell
    assert inner.compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(layer(normal(3, 5, 4)).dtype) == "bfloat16"


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        (LSTMCell(3), "single cell of Keras"),
        (keras.layers.Dense(3), "single cell of Keras"),
        (keras.layers.StackedRNNCells([keras.layers.GRUCell(3)]), "single cell of Keras"),
        (keras.layers.GRUCell(3, recurrent_dropout=0.1), "GRUCell must not drop"),
    ],
)
def test_what_it_does_not_take_is_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        StockCell(wrong)


def test_promises_of_a_cell():
    check_cell(lambda **options: StockCell(keras.layers.GRUCell(4, **options), **options))


def test_contract():
    check_layer(
        StockCell,
        lambda: {"cell": Counter()},
        {"inputs": normal(4, 3), "states": [normal(4, 3)]},
        trainable_weights=1,
        precisions=(),  # the dtype of the cell inside is that of the contract of a cell
    )

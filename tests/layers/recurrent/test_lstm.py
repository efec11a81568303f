"""LSTMCell: the papers' equations, the numbers of Keras, the promises of a cell."""

import keras
import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent import LSTMCell, Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def randomise(layer):
    layer.set_weights([normal(*w.shape) for w in layer.weights])


def test_cell_is_the_equations_of_the_papers():
    cell = LSTMCell(4)
    x, h, c = normal(3, 5), normal(3, 4), normal(3, 4)
    cell.build((3, 5))
    randomise(cell)
    w, u, b = [np.split(weight, 4, axis=-1) for weight in cell.get_weights()]
    z = [x @ w[k] + h @ u[k] + b[k] for k in range(4)]
    i, f, g, o = sigmoid(z[0]), sigmoid(z[1]), np.tanh(z[2]), sigmoid(z[3])
    c_new = f * c + i * g
    h_new = o * np.tanh(c_new)
    output, states = cell(x, [h, c])
    for got, wanted in [(output, h_new), (states[0], h_new), (states[1], c_new)]:
        np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("padding", [None, "right"])
def test_equals_keras_lstm_with_its_weights(go_backwards, padding):
    x, states = normal(4, 6, 5), [normal(4, 3), normal(4, 3)]
    mask = None if padding is None else np.arange(6) < np.array([[6], [4], [1], [3]])
    options = {"return_sequences": True, "return_state": True, "go_backwards": go_backwards}
    stock, ours = keras.layers.LSTM(3, **options), Recurrent(LSTMCell(3), **options)
    stock(x)
    ours(x)
    randomise(stock)
    ours.set_weights(stock.get_weights())
    if padding and go_backwards and keras.config.backend() == "jax":
        states = None  # Keras on JAX gives the initial state for the output of a padded first step
    wanted = stock(x, initial_state=states, mask=mask)
    got = ours(x, initial_state=states, mask=mask)
    for one, other in zip(got, wanted, strict=True):
        one, other = ops.convert_to_numpy(one), ops.convert_to_numpy(other)
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_starts_from_the_values_keras_starts_from():
    stock, ours = keras.layers.LSTMCell(4), LSTMCell(4)
    stock.build((None, 3))
    ours.build((None, 3))
    assert [w.name for w in ours.weights] == [w.name for w in stock.weights]
    assert [w.shape for w in ours.weights] == [w.shape for w in stock.weights]
    np.testing.assert_array_equal(ours.get_weights()[2], stock.get_weights()[2])
    recurrent = ours.get_weights()[1]
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(4), atol=1e-5)


def test_runs_inside_stock_rnn():
    x = normal(2, 6, 5)
    ours, stock = Recurrent(LSTMCell(3)), keras.layers.RNN(LSTMCell(3))
    wanted = ours(x)
    stock(x)
    stock.set_weights(ours.get_weights())
    np.testing.assert_allclose(
        ops.convert_to_numpy(stock(x)), ops.convert_to_numpy(wanted), rtol=1e-5, atol=1e-6
    )


def test_dropout_is_constant_over_time_and_new_for_each_call():
    layer = Recurrent(LSTMCell(40, dropout=0.5, seed=1), return_sequences=True)
    x = np.ones((2, 6, 30), "float32")
    layer(x)
    kernel, recurrent, bias = layer.get_weights()
    # With no recurrence and the forget gate shut, every step computes the same from the same input.
    bias[40:80] = -100
    layer.set_weights([kernel, recurrent * 0, bias])
    first, second = [ops.convert_to_numpy(layer(x, training=True)) for _ in range(2)]
    np.testing.assert_allclose(first, np.repeat(first[:, :1], 6, axis=1), rtol=1e-5, atol=1e-6)
    assert np.abs(first - second).max() > 0.01
    assert np.abs(first[0] - first[1]).max() > 0.01


def test_recurrent_dropout_is_constant_over_time():
    cell = LSTMCell(50, recurrent_dropout=0.5, seed=1)
    cell.build((2, 3))
    randomise(cell)
    step = cell.begin(2, training=True)
    states = [ops.ones((2, 50)), ops.zeros((2, 50))]
    projected = cell.project(np.zeros((2, 3), "float32"))
    one, other = [ops.convert_to_numpy(step(projected, states)[0]) for _ in range(2)]
    np.testing.assert_array_equal(one, other)
    another = ops.convert_to_numpy(cell.begin(2, training=True)(projected, states)[0])
    whole = ops.convert_to_numpy(cell.begin(2)(projected, states)[0])
    assert np.abs(one - another).max() > 0.01
    assert np.abs(one - whole).max() > 0.01


@pytest.mark.parametrize("wrong", [{"units": 0}, {"units": 2, "dropout": 1.0}])
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(ValueError, match="must be"):
        LSTMCell(**wrong)


def test_contract():
    init = {
        "units": 4,
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "use_bias": True,
        "unit_forget_bias": False,
        "bias_initializer": "random_normal",
        "dropout": 0.3,
        "recurrent_dropout": 0.4,
        "seed": 5,
    }
    inputs = {"inputs": normal(3, 8), "states": [normal(3, 4), normal(3, 4)]}
    check_layer(LSTMCell, init, inputs, seed_generators=1, trainable_weights=3)


def test_promises_of_a_cell():
    check_cell(lambda **overrides: LSTMCell(4, recurrent_dropout=0.3, **overrides))

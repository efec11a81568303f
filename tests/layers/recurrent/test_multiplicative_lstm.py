"""MultiplicativeLSTMCell: the paper's equations, the LSTM inside, the promises of a cell."""

import numpy as np
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.lstm import LSTMCell
from layers.recurrent.multiplicative_lstm import MultiplicativeLSTMCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


def test_cell_is_the_equations_of_the_paper():
    cell = MultiplicativeLSTMCell(4)
    x, h, c = normal(3, 6, 5), normal(3, 4), normal(3, 4)
    cell.build((3, 5))
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    w, u, b = [np.split(weight, 4, axis=-1) for weight in cell.get_weights()[:3]]
    w_m, u_m = cell.get_weights()[3:]
    states = [h, c]
    for t in range(6):
        m = (x[:, t] @ w_m) * (h @ u_m)
        i = sigmoid(x[:, t] @ w[0] + m @ u[0] + b[0])
        f = sigmoid(x[:, t] @ w[1] + m @ u[1] + b[1])
        g = np.tanh(x[:, t] @ w[2] + m @ u[2] + b[2])
        o = sigmoid(x[:, t] @ w[3] + m @ u[3] + b[3])
        c = f * c + i * g
        h = o * np.tanh(c)
        output, states = cell(x[:, t], states)
        close(output, h)
        close(states[0], h)
        close(states[1], c)


def test_where_m_is_h_it_is_the_lstm():
    x, states = normal(3, 6, 5), [normal(3, 4), normal(3, 4)]
    x[..., 0] = 1
    lstm = Recurrent(LSTMCell(4), return_sequences=True, return_state=True)
    layer = Recurrent(MultiplicativeLSTMCell(4), return_sequences=True, return_state=True)
    lstm(x)
    layer(x)
    weights = [normal(*weight.shape) for weight in lstm.weights]
    lstm.set_weights(weights)
    ones = np.eye(5, 1, dtype="float32") @ np.ones((1, 4), "float32")  # W_m x is 1
    layer.set_weights([*weights, ones, np.eye(4, dtype="float32")])
    wanted = lstm(x, initial_state=states)
    for one, other in zip(layer(x, initial_state=states), wanted, strict=True):
        close(one, ops.convert_to_numpy(other))


def test_all_weights_start_from_numbers_of_their_own():
    cell = MultiplicativeLSTMCell(
        8, kernel_initializer="random_normal", recurrent_initializer="random_normal"
    )
    cell.build((None, 5))
    w, u, _, w_m, u_m = [weight.ravel() for weight in cell.get_weights()]
    assert abs(np.corrcoef(w[: w_m.size], w_m)[0, 1]) < 0.5
    assert abs(np.corrcoef(u[: u_m.size], u_m)[0, 1]) < 0.5


def test_the_weights_are_named_after_what_they_multiply():
    cell = MultiplicativeLSTMCell(4)
    cell.build((None, 5))
    shapes = {weight.name: tuple(weight.shape) for weight in cell.weights}
    assert shapes == {
        "kernel": (5, 16),
        "recurrent_kernel": (4, 16),
        "bias": (16,),
        "multiplicative_kernel": (5, 4),
        "multiplicative_recurrent_kernel": (4, 4),
    }


def test_promises_of_a_cell():
    check_cell(lambda **overrides: MultiplicativeLSTMCell(4, recurrent_dropout=0.3, **overrides))


def test_contract():
    init = {
        "units": 4,
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "use_bias": False,
        "kernel_initializer": "he_normal",
        "recurrent_initializer": "he_normal",
        "dropout": 0.3,
        "recurrent_dropout": 0.4,
        "seed": 5,
    }
    inputs = {"inputs": normal(3, 8), "states": [normal(3, 4), normal(3, 4)]}
    check_layer(MultiplicativeLSTMCell, init, inputs, seed_generators=1, trainable_weights=4)

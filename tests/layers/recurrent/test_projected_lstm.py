"""ProjectedLSTMCell: the paper's equations, its relation to the LSTM, the promises of a cell."""

import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.lstm import LSTMCell
from layers.recurrent.projected_lstm import ProjectedLSTMCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


def test_cell_is_the_equations_of_the_paper():
    cell = ProjectedLSTMCell(4, 2)
    x, r, c = normal(3, 6, 5), normal(3, 2), normal(3, 4)
    cell.build((3, 5))
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    w, u, b = [np.split(weight, 4, axis=-1) for weight in cell.get_weights()[:3]]
    w_r = cell.get_weights()[3]
    states = [r, c]
    for t in range(6):
        i = sigmoid(x[:, t] @ w[0] + r @ u[0] + b[0])
        f = sigmoid(x[:, t] @ w[1] + r @ u[1] + b[1])
        g = np.tanh(x[:, t] @ w[2] + r @ u[2] + b[2])
        o = sigmoid(x[:, t] @ w[3] + r @ u[3] + b[3])
        c = f * c + i * g
        r = (o * np.tanh(c)) @ w_r
        output, states = cell(x[:, t], states)
        close(output, r)
        close(states[0], r)
        close(states[1], c)


def test_with_the_identity_for_a_projection_it_is_the_lstm():
    x, states = normal(3, 6, 5), [normal(3, 4), normal(3, 4)]
    lstm = Recurrent(LSTMCell(4), return_sequences=True, return_state=True)
    layer = Recurrent(ProjectedLSTMCell(4, 4), return_sequences=True, return_state=True)
    lstm(x)
    layer(x)
    weights = [normal(*weight.shape) for weight in lstm.weights]
    lstm.set_weights(weights)
    layer.set_weights([*weights, np.eye(4, dtype="float32")])
    wanted = lstm(x, initial_state=states)
    for one, other in zip(layer(x, initial_state=states), wanted, strict=True):
        close(one, ops.convert_to_numpy(other))


def test_the_recurrent_weights_are_of_the_size_of_the_projection():
    cell = ProjectedLSTMCell(6, 2)
    cell.build((None, 5))
    shapes = {weight.name: tuple(weight.shape) for weight in cell.weights}
    assert shapes == {
        "kernel": (5, 24),
        "recurrent_kernel": (2, 24),
        "bias": (24,),
        "projection_kernel": (6, 2),
    }


@pytest.mark.parametrize("projection_units", [0, -1, 1.5])
def test_wrong_sizes_are_named(projection_units):
    with pytest.raises(ValueError, match="`projection_units` must be a positive integer"):
        ProjectedLSTMCell(4, projection_units)


def test_promises_of_a_cell():
    check_cell(lambda **overrides: ProjectedLSTMCell(4, 3, recurrent_dropout=0.3, **overrides))


def test_contract():
    init = {
        "units": 4,
        "projection_units": 2,
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "use_bias": True,
        "unit_forget_bias": False,
        "bias_initializer": "random_normal",
        "projection_initializer": "random_normal",
        "dropout": 0.3,
        "recurrent_dropout": 0.4,
        "seed": 5,
    }
    inputs = {"inputs": normal(3, 8), "states": [normal(3, 2), normal(3, 4)]}
    check_layer(ProjectedLSTMCell, init, inputs, seed_generators=1, trainable_weights=4)

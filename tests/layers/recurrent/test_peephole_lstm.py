"""PeepholeLSTMCell: the paper's equations, what the peepholes are for, the promises of a cell."""

import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.lstm import LSTMCell
from layers.recurrent.peephole_lstm import PeepholeLSTMCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


def test_cell_is_the_equations_of_the_paper():
    cell = PeepholeLSTMCell(4)
    x, h, c = normal(3, 6, 5), normal(3, 4), normal(3, 4)
    cell.build((3, 5))
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    w, u, b = [np.split(weight, 4, axis=-1) for weight in cell.get_weights()[:3]]
    p_i, p_f, p_o = np.split(cell.get_weights()[3], 3)
    states = [h, c]
    for t in range(6):
        i = sigmoid(x[:, t] @ w[0] + h @ u[0] + p_i * c + b[0])
        f = sigmoid(x[:, t] @ w[1] + h @ u[1] + p_f * c + b[1])
        g = np.tanh(x[:, t] @ w[2] + h @ u[2] + b[2])
        c = f * c + i * g
        o = sigmoid(x[:, t] @ w[3] + h @ u[3] + p_o * c + b[3])
        h = o * np.tanh(c)
        output, states = cell(x[:, t], states)
        close(output, h)
        close(states[0], h)
        close(states[1], c)


def test_without_peepholes_it_is_the_lstm():
    x, states = normal(3, 6, 5), [normal(3, 4), normal(3, 4)]
    lstm = Recurrent(LSTMCell(4), return_sequences=True, return_state=True)
    layer = Recurrent(PeepholeLSTMCell(4), return_sequences=True, return_state=True)
    lstm(x)
    layer(x)
    weights = [normal(*weight.shape) for weight in lstm.weights]
    lstm.set_weights(weights)
    layer.set_weights([*weights, np.zeros(12, "float32")])
    wanted = lstm(x, initial_state=states)
    for one, other in zip(layer(x, initial_state=states), wanted, strict=True):
        close(one, ops.convert_to_numpy(other))


def test_a_cell_that_shows_nothing_still_empties_itself_when_full():
    # Counts up by one a step and never opens its output gate; the forget gate sees the count.
    layer = Recurrent(PeepholeLSTMCell(1, activation="linear"), return_state=True)
    x = np.ones((1, 5, 1), "float32")
    layer(x)
    bias = np.array([100, 35, 1, -100], "float32")  # i, f, g, o
    peepholes = np.array([0, -10, 0], "float32")
    layer.set_weights([np.zeros((1, 4)), np.zeros((1, 4)), bias, peepholes])
    counts = [layer(x[:, :time])[2] for time in range(1, 6)]
    # 4 is reached, and shuts the forget gate: what is left is the one of the next step.
    np.testing.assert_allclose(
        np.ravel([ops.convert_to_numpy(c) for c in counts]), [1, 2, 3, 4, 1], atol=0.1
    )


def test_peepholes_start_different_from_each_other():
    cell = PeepholeLSTMCell(4)
    cell.build((None, 5))
    assert [weight.name for weight in cell.weights][3:] == ["peepholes"]
    assert len(np.unique(cell.get_weights()[3])) == 12


def test_promises_of_a_cell():
    check_cell(lambda **overrides: PeepholeLSTMCell(4, recurrent_dropout=0.3, **overrides))


def test_contract():
    init = {
        "units": 4,
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "use_bias": True,
        "unit_forget_bias": False,
        "bias_initializer": "random_normal",
        "peephole_initializer": "ones",
        "dropout": 0.3,
        "recurrent_dropout": 0.4,
        "seed": 5,
    }
    inputs = {"inputs": normal(3, 8), "states": [normal(3, 4), normal(3, 4)]}
    check_layer(PeepholeLSTMCell, init, inputs, seed_generators=1, trainable_weights=4)


@pytest.mark.parametrize("wrong", [{"units": 0}, {"units": 2, "recurrent_dropout": -0.1}])
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(ValueError, match="must be"):
        PeepholeLSTMCell(**wrong)

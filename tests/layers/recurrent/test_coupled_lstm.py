"""CoupledLSTMCell: the paper's equations, its relation to the LSTM, the promises of a cell."""

import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.coupled_lstm import CoupledLSTMCell
from layers.recurrent.lstm import LSTMCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


def test_cell_is_the_equations_of_the_paper():
    cell = CoupledLSTMCell(4)
    x, h, c = normal(3, 6, 5), normal(3, 4), normal(3, 4)
    cell.build((3, 5))
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    w, u, b = [np.split(weight, 3, axis=-1) for weight in cell.get_weights()]
    states = [h, c]
    for t in range(6):
        # The paper's input gate: the weights of the forget gate negated.
        i = sigmoid(-x[:, t] @ w[0] - h @ u[0] - b[0])
        f = 1 - i
        g = np.tanh(x[:, t] @ w[1] + h @ u[1] + b[1])
        o = sigmoid(x[:, t] @ w[2] + h @ u[2] + b[2])
        c = f * c + i * g
        h = o * np.tanh(c)
        output, states = cell(x[:, t], states)
        close(output, h)
        close(states[0], h)
        close(states[1], c)


def test_is_the_lstm_whose_input_gate_is_tied():
    x, states = normal(3, 6, 5), [normal(3, 4), normal(3, 4)]
    lstm = Recurrent(LSTMCell(4), return_sequences=True, return_state=True)
    layer = Recurrent(CoupledLSTMCell(4), return_sequences=True, return_state=True)
    lstm(x)
    layer(x)
    weights = [normal(*weight.shape) for weight in layer.weights]
    layer.set_weights(weights)
    lstm.set_weights([np.concatenate([-w[..., :4], w], axis=-1) for w in weights])
    wanted = lstm(x, initial_state=states)
    for one, other in zip(layer(x, initial_state=states), wanted, strict=True):
        close(one, ops.convert_to_numpy(other))


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_an_open_forget_gate_keeps_the_cell_state_to_the_last_bit(policy):
    cell = CoupledLSTMCell(4, dtype=policy)
    cell.build((3, 5))
    kernel, recurrent, _ = cell.get_weights()
    bias = np.concatenate([np.full(4, 50), normal(8)])
    cell.set_weights([kernel * 0, recurrent * 0, bias])
    before = ops.cast(normal(3, 4) * 0.01, cell.compute_dtype)
    _, states = cell(normal(3, 5), [ops.zeros((3, 4), cell.compute_dtype), before])
    np.testing.assert_array_equal(
        ops.convert_to_numpy(ops.cast(states[1], "float32")),
        ops.convert_to_numpy(ops.cast(before, "float32")),
    )


def test_starts_with_an_open_forget_gate():
    cell = CoupledLSTMCell(2)
    cell.build((None, 5))
    np.testing.assert_array_equal(cell.get_weights()[2], [1, 1, 0, 0, 0, 0])


def test_promises_of_a_cell():
    check_cell(lambda **overrides: CoupledLSTMCell(4, **overrides))


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
    check_layer(CoupledLSTMCell, init, inputs, seed_generators=1, trainable_weights=3)

"""MinLSTMCell: the paper's equations, its relation to the minimal GRU, the promises of a cell."""

import numpy as np
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.min_gru import MinGRUCell
from layers.recurrent.min_lstm import MinLSTMCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


def test_cell_is_the_equations_of_the_paper():
    cell = MinLSTMCell(4)
    x, h = normal(3, 6, 5), normal(3, 4)
    cell.build((3, 5))
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    w, b = [np.split(weight, 3, axis=-1) for weight in cell.get_weights()]
    states = [h]
    for t in range(6):
        f = sigmoid(x[:, t] @ w[0] + b[0])
        i = sigmoid(x[:, t] @ w[1] + b[1])
        candidate = x[:, t] @ w[2] + b[2]
        h = f / (f + i) * h + i / (f + i) * candidate
        output, states = cell(x[:, t], states)
        close(output, h)
        close(states[0], h)


def test_with_a_forget_gate_that_mirrors_the_input_gate_it_is_the_minimal_gru():
    # f = sigmoid(-a) and i = sigmoid(a) add up to one, so that nothing is left to divide by.
    x, h = normal(3, 40, 5), normal(3, 4)
    lstm, gru = Recurrent(MinLSTMCell(4)), Recurrent(MinGRUCell(4))
    lstm(x)
    gru(x)
    gate, candidate, b_gate, b_candidate = normal(5, 4), normal(5, 4), normal(4), normal(4)
    gru.set_weights([np.hstack([gate, candidate]), np.hstack([b_gate, b_candidate])])
    weights = np.hstack([-gate, gate, candidate]), np.hstack([-b_gate, b_gate, b_candidate])
    lstm.set_weights(weights)
    close(lstm(x, initial_state=[h]), ops.convert_to_numpy(gru(x, initial_state=[h])))


def test_gates_that_are_both_shut_still_share():
    cell = MinLSTMCell(1, use_bias=False)
    cell.build((1, 3))
    cell.set_weights([np.eye(3, dtype="float32")])
    for forget, input_, share in [(-200, -201, 1), (-300, -300, 0), (200, 200, 0), (-90, 90, -90)]:
        output, _ = cell(np.float32([[forget, input_, 3]]), [np.float32([[2]])])
        close(output, [[3 - sigmoid(share)]])


def test_promises_of_a_cell():
    check_cell(lambda **overrides: MinLSTMCell(4, dropout=0.3, **overrides))


def test_contract():
    init = {
        "units": 4,
        "use_bias": True,
        "kernel_initializer": "he_normal",
        "bias_initializer": "random_normal",
        "dropout": 0.3,
        "seed": 5,
    }
    inputs = {"inputs": normal(3, 8), "states": [normal(3, 4)]}
    check_layer(MinLSTMCell, init, inputs, seed_generators=1, trainable_weights=2)

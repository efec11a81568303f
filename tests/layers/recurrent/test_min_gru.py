"""MinGRUCell: the paper's equations, its limits, the promises of a cell."""

import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.min_gru import MinGRUCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


def test_cell_is_the_equations_of_the_paper():
    cell = MinGRUCell(4)
    x, h = normal(3, 6, 5), normal(3, 4)
    cell.build((3, 5))
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    (w_z, w_h), (b_z, b_h) = [np.split(weight, 2, axis=-1) for weight in cell.get_weights()]
    states = [h]
    for t in range(6):
        z = sigmoid(x[:, t] @ w_z + b_z)
        candidate = x[:, t] @ w_h + b_h
        h = (1 - z) * h + z * candidate
        output, states = cell(x[:, t], states)
        close(output, h)
        close(states[0], h)


def test_an_update_gate_that_is_shut_keeps_what_is_remembered():
    layer = Recurrent(MinGRUCell(4))
    x, h = normal(3, 300, 5), normal(3, 4)
    layer(x)
    kernel, _ = layer.get_weights()
    kernel[:, :4] = 0
    layer.set_weights([kernel, np.repeat(np.float32([-100, 0]), 4)])
    close(layer(x, initial_state=[h]), h)
    layer.set_weights([kernel, np.repeat(np.float32([100, 0]), 4)])
    close(layer(x, initial_state=[h]), x[:, -1] @ kernel[:, 4:])


def test_runs_without_a_bias():
    x, one, other = normal(3, 6, 5), MinGRUCell(4, use_bias=False), MinGRUCell(4)
    wanted = Recurrent(other)(x)
    layer = Recurrent(one)
    layer(x)
    layer.set_weights(other.get_weights()[:1])
    close(layer(x), ops.convert_to_numpy(wanted))


@pytest.mark.parametrize("wrong", [{"units": 0}, {"units": 2, "dropout": 1.0}])
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(ValueError, match="must be"):
        MinGRUCell(**wrong)


def test_promises_of_a_cell():
    check_cell(lambda **overrides: MinGRUCell(4, dropout=0.3, **overrides))


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
    check_layer(MinGRUCell, init, inputs, seed_generators=1, trainable_weights=2)

"""NASCell: the published cell, what the search has settled, the promises of a cell."""

import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.nas import NASCell

RNG = np.random.default_rng(7)
# Where each part of the published cell stands in the weights, in the order in which it is numbered.
PUBLISHED = [0, 6, 1, 7, 4, 2, 5, 3]


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("use_bias", [False, True])
def test_cell_is_the_published_one(use_bias):
    cell = NASCell(4, use_bias=use_bias)
    x, h, c = normal(3, 6, 5), normal(3, 4), normal(3, 4)
    cell.build((3, 5))
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    weights = [np.split(weight, 8, axis=-1) for weight in cell.get_weights()]
    w, u = [[weight[index] for index in PUBLISHED] for weight in weights[:2]]
    b = [weights[2][index] if use_bias else 0 for index in PUBLISHED]
    states = [h, c]
    for t in range(6):
        inputs, hidden = [x[:, t] @ part for part in w], [h @ u[k] + b[k] for k in range(8)]
        first = [
            sigmoid(inputs[0] + hidden[0]),
            relu(inputs[1] + hidden[1]),
            sigmoid(inputs[2] + hidden[2]),
            relu(inputs[3] * hidden[3]),
            np.tanh(inputs[4] + hidden[4]),
            sigmoid(inputs[5] + hidden[5]),
            np.tanh(inputs[6] + hidden[6]),
            sigmoid(inputs[7] + hidden[7]),
        ]
        second = [
            np.tanh(first[0] * first[1]),
            np.tanh(first[2] + first[3]),
            np.tanh(first[4] * first[5]),
            sigmoid(first[6] + first[7]),
        ]
        c = np.tanh(second[0] + c) * second[1]
        h = np.tanh(c * np.tanh(second[2] + second[3]))
        output, states = cell(x[:, t], states)
        close(output, h)
        close(states[0], h)
        close(states[1], c)


@pytest.mark.parametrize("settled", ["activation", "recurrent_activation", "unit_forget_bias"])
def test_what_the_search_has_settled_is_no_argument(settled):
    with pytest.raises(TypeError, match=settled):
        NASCell(4, **{settled: "tanh"})
    assert settled not in NASCell(4).get_config()


def test_promises_of_a_cell():
    options = {"use_bias": True, "recurrent_dropout": 0.3}
    check_cell(lambda **overrides: NASCell(4, **options, **overrides))


def test_contract():
    init = {
        "units": 4,
        "use_bias": True,
        "kernel_initializer": "he_normal",
        "recurrent_initializer": "he_normal",
        "bias_initializer": "random_normal",
        "dropout": 0.3,
        "recurrent_dropout": 0.4,
        "seed": 5,
    }
    inputs = {"inputs": normal(3, 8), "states": [normal(3, 4), normal(3, 4)]}
    check_layer(NASCell, init, inputs, seed_generators=1, trainable_weights=3)

"""LayerNormLSTMCell: the paper's equations, what it does not depend on, the promises of a cell."""

import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.layer_norm_lstm import LayerNormLSTMCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalized(z, epsilon):
    mean = np.mean(z, axis=-1, keepdims=True)
    variance = np.mean((z - mean) ** 2, axis=-1, keepdims=True)
    return (z - mean) / np.sqrt(variance + epsilon)


def close(got, wanted, tolerance=1e-5):
    got = ops.convert_to_numpy(ops.cast(got, "float32"))
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def built(features=5, units=4, **options):
    cell = LayerNormLSTMCell(units, **options)
    cell.build((None, features))
    cell.built = True
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    return cell


@pytest.mark.parametrize("epsilon", [1e-5, 0.1])
def test_cell_is_the_equations_of_the_paper(epsilon):
    cell = built(epsilon=epsilon)
    x, h, c = normal(3, 6, 5), normal(3, 4), normal(3, 4)
    kernel, recurrent_kernel, bias, gain_x, gain_h, gain_c, shift_c = cell.get_weights()
    states = [h, c]
    for t in range(6):
        z = normalized(x[:, t] @ kernel, epsilon) * gain_x + bias
        z = z + normalized(h @ recurrent_kernel, epsilon) * gain_h
        i, f, g, o = np.split(z, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(normalized(c, epsilon) * gain_c + shift_c)
        output, states = cell(x[:, t], states)
        close(output, h)
        close(states[0], h)
        close(states[1], c)


@pytest.mark.parametrize("features", [5, 20])  # fewer and more than there are sums
def test_a_sequence_is_projected_as_its_steps_are(features):
    cell, x = built(features), normal(3, 6, features)
    whole = cell.project(x)
    kernel, bias, gain = [cell.get_weights()[index] for index in (0, 2, 3)]
    close(whole, normalized(x @ kernel, cell.epsilon) * gain + bias)
    close(cell.project(x[:, 2]), ops.convert_to_numpy(whole)[:, 2])


def test_the_scale_of_the_weights_changes_nothing():
    cell = built(epsilon=1e-8)
    x, states = normal(3, 6, 5), [normal(3, 4), normal(3, 4)]
    layer = Recurrent(cell, return_sequences=True)
    wanted = ops.convert_to_numpy(layer(x, initial_state=states))
    kernel, recurrent_kernel, *rest = cell.get_weights()
    cell.set_weights([kernel * 100, recurrent_kernel * 0.1, *rest])
    close(layer(x, initial_state=states), wanted, 1e-4)


def test_without_variance_there_is_the_bias():
    cell = built()
    weights = cell.get_weights()
    weights[0] = np.repeat(normal(5, 1), 16, axis=1)  # all sums of a step are equal
    cell.set_weights(weights)
    wanted = np.broadcast_to(weights[2], (3, 6, 16))
    close(cell.project(normal(3, 6, 5)), wanted, 1e-3)
    close(cell.project(np.zeros((3, 6, 5), "float32")), wanted)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_squares_do_not_overflow_in_half_precision(policy):
    cell = built(units=8, dtype=policy)
    x, states = normal(3, 6, 5) * 500, [normal(3, 8), normal(3, 8) * 1000]
    plain = built(units=8)
    plain.set_weights(cell.get_weights())
    wanted = ops.convert_to_numpy(Recurrent(plain)(x, initial_state=states))
    close(Recurrent(cell, dtype=policy)(x, initial_state=states), wanted, 0.1)


@pytest.mark.parametrize("epsilon", [0, -1.0])
def test_wrong_arguments_are_named(epsilon):
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        LayerNormLSTMCell(4, epsilon=epsilon)


def test_promises_of_a_cell():
    check_cell(lambda **overrides: LayerNormLSTMCell(4, recurrent_dropout=0.3, **overrides))


def test_contract():
    init = {
        "units": 4,
        "epsilon": 0.01,
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
    check_layer(LayerNormLSTMCell, init, inputs, seed_generators=1, trainable_weights=7)

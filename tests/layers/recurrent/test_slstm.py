"""SLSTMCell: the paper's equations without a stabilizer, its limits, the promises of a cell."""

import keras
import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.recurrent import Recurrent
from layers.recurrent.slstm import SLSTMCell

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted, tolerance=1e-5):
    got = ops.convert_to_numpy(ops.cast(got, "float32"))
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def built(units=4, features=5, **options):
    cell = SLSTMCell(units, **options)
    cell.build((None, features))
    cell.built = True
    cell.set_weights([normal(*weight.shape) for weight in cell.weights])
    return cell


def block_diagonal(kernel, heads):
    """The recurrent weights of heads as the four full matrices `(units, units)` of the gates."""
    units = len(kernel)
    size, full = units // heads, np.zeros((4, units, units), "float32")
    for head in range(heads):
        units_of_head = slice(head * size, (head + 1) * size)
        for gate, block in enumerate(np.split(kernel[units_of_head], 4, axis=-1)):
            full[gate, units_of_head, units_of_head] = block
    return full


def unstabilized(cell, x, h, c, n):
    """The equations of the paper in float64, step by step; yields h, c and n."""
    kernel, recurrent_kernel, bias = [w.astype("float64") for w in cell.get_weights()]
    w, b = np.split(kernel, 4, axis=-1), np.split(bias, 4)
    r = block_diagonal(recurrent_kernel, cell.heads)
    forget = np.exp if cell.forget_activation == "exponential" else sigmoid
    for t in range(x.shape[1]):
        i = np.exp(x[:, t] @ w[0] + h @ r[0] + b[0])
        f = forget(x[:, t] @ w[1] + h @ r[1] + b[1])
        z = np.tanh(x[:, t] @ w[2] + h @ r[2] + b[2])
        o = sigmoid(x[:, t] @ w[3] + h @ r[3] + b[3])
        c = f * c + i * z
        n = f * n + i
        h = o * c / n
        yield h, c, n


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("forget_activation", ["sigmoid", "exponential"])
@pytest.mark.parametrize("initial", ["initial", "any"])
def test_cell_is_the_equations_of_the_paper_and_the_stabilizer_changes_nothing(
    heads, forget_activation, initial
):
    cell, x = built(heads=heads, forget_activation=forget_activation), normal(3, 8, 5)
    states = cell.get_initial_state(3)
    h, c, n = np.zeros((3, 3, 4))
    if initial == "any":
        m = normal(3, 4)
        states = [normal(3, 4), normal(3, 4), 0.5 + RNG.random((3, 4)).astype("float32"), m]
        h, c, n = states[0], states[1] * np.exp(m), states[2] * np.exp(m)
    for t, wanted in enumerate(unstabilized(cell, x, h, c, n)):
        output, states = cell(x[:, t], states)
        close(output, wanted[0])
        close(states[0], wanted[0])
        scale = np.exp(ops.convert_to_numpy(states[3]).astype("float64"))
        close(states[1], wanted[1] / scale)
        close(states[2], wanted[2] / scale)


@pytest.mark.parametrize("scale", [1.0, -30.0, 30.0])
def test_the_stabilizer_may_start_anywhere(scale):
    cell, x = built(), normal(3, 6, 5)
    h, c, n, m = normal(3, 4), normal(3, 4), 1 + RNG.random((3, 4)).astype("float32"), normal(3, 4)
    layer = Recurrent(cell, return_sequences=True)
    wanted = layer(x, initial_state=[h, c, n, m])
    shift = np.float32(np.log(2.0))
    close(layer(x, initial_state=[h, c / 2, n / 2, m + shift]), ops.convert_to_numpy(wanted))
    # From the initial state on, weights that grow by the same factor are the same weights.
    wanted = ops.convert_to_numpy(layer(x))
    kernel, recurrent_kernel, bias = cell.get_weights()
    bias[:4] += scale
    cell.set_weights([kernel, recurrent_kernel, bias])
    close(layer(x), wanted, 1e-4)


def test_the_first_step_sees_the_candidate_alone():
    for shift in (-80, 0, 80):
        cell, x = built(), normal(3, 5)
        kernel, recurrent_kernel, bias = cell.get_weights()
        bias[:4] += shift
        cell.set_weights([kernel, recurrent_kernel, bias])
        output, (_, _, n, _) = cell(x, cell.get_initial_state(3))
        z = x @ kernel + bias
        close(output, sigmoid(z[:, 12:]) * np.tanh(z[:, 8:12]))
        close(n, np.ones((3, 4)))


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("forget_activation", ["sigmoid", "exponential"])
def test_huge_gates_give_finite_outputs_and_gradients(forget_activation, dtype):
    # Where weights multiply the inputs by 80, the gates jump between -80 and 80, and beyond.
    x = np.sign(normal(4, 12, 5))
    inputs = keras.Input((12, 5))
    layer = Recurrent(
        SLSTMCell(4, heads=2, forget_activation=forget_activation, dtype=dtype),
        return_sequences=True,
        return_state=True,
        dtype=dtype,
    )
    outputs, *states = layer(inputs)
    model = keras.Model(inputs, [ops.cast(outputs, "float32")])
    kernel, recurrent_kernel, bias = layer.get_weights()
    kernel = 80 * np.sign(normal(*kernel.shape)) * (np.arange(5) == 0)[:, None]
    layer.set_weights([kernel, recurrent_kernel, bias])
    for state in layer(x):
        assert np.all(np.isfinite(ops.convert_to_numpy(ops.cast(state, "float32"))))
    jit = keras.config.backend() == "jax"
    model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=jit)
    loss = model.train_on_batch(x, normal(4, 12, 4))
    assert np.isfinite(float(loss))
    for weight in layer.get_weights():
        assert np.all(np.isfinite(weight))


def test_heads_are_blocks_of_the_full_recurrence():
    heads, full = built(6, heads=3), SLSTMCell(6)
    x, states = normal(3, 7, 5), [*normal(2, 3, 6), 1 + RNG.random((3, 6)), normal(3, 6)]
    states = [state.astype("float32") for state in states]
    full.build((None, 5))
    kernel, recurrent_kernel, bias = heads.get_weights()
    full.set_weights([kernel, np.concatenate(block_diagonal(recurrent_kernel, 3), axis=-1), bias])
    options = {"return_sequences": True, "return_state": True}
    wanted = Recurrent(full, **options)(x, initial_state=states)
    for one, other in zip(
        Recurrent(heads, **options)(x, initial_state=states), wanted, strict=True
    ):
        close(one, ops.convert_to_numpy(other))


def test_the_forget_bias_starts_at_what_keeps_the_memory():
    for forget_activation, wanted in (("sigmoid", 1.0), ("exponential", 0.0)):
        cell = SLSTMCell(4, forget_activation=forget_activation)
        cell.build((None, 5))
        np.testing.assert_array_equal(cell.get_weights()[2], np.repeat([0, wanted, 0, 0], 4))


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"heads": 3}, "`units` must be divisible by `heads`, received 4 and 3."),
        ({"heads": 0}, "`heads` must be a positive integer, received 0."),
        ({"forget_activation": "relu"}, "`forget_activation` must be one of sigmoid, exponential"),
    ],
)
def test_wrong_arguments_are_named(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        SLSTMCell(4, **wrong)


@pytest.mark.parametrize(
    "options", [{"heads": 2}, {"forget_activation": "exponential"}], ids=["heads", "exponential"]
)
def test_promises_of_a_cell(options):
    check_cell(lambda **overrides: SLSTMCell(4, recurrent_dropout=0.3, **options, **overrides))


def test_contract():
    init = {
        "units": 4,
        "heads": 2,
        "forget_activation": "exponential",
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "use_bias": True,
        "unit_forget_bias": True,
        "bias_initializer": "random_normal",
        "dropout": 0.3,
        "recurrent_dropout": 0.4,
        "seed": 5,
    }
    states = [normal(3, 4), normal(3, 4), 1 + RNG.random((3, 4)).astype("float32"), normal(3, 4)]
    inputs = {"inputs": normal(3, 8), "states": states}
    check_layer(SLSTMCell, init, inputs, seed_generators=1, trainable_weights=3)

"""MLSTMCell: the paper's equations, both forms of it, extreme gates, the promises of a cell."""

import keras
import numpy as np
import pytest
from cell_contract import check_cell
from cell_contract_parts import differentiate, without_parallel
from keras import ops
from layer_contract import check_layer

from layers.recurrent.loop import run
from layers.recurrent.mlstm import MLSTMCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted, tolerance=1e-5):
    got = ops.convert_to_numpy(got).astype("float64")
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def built(features=5, **arguments):
    """A cell with random weights, of queries and keys that agree: else it divides by nearly 0."""
    cell = MLSTMCell(**{"units": 6, "heads": 2, **arguments})
    cell.build((None, features))
    kernel, bias = [0.4 * normal(*weight.shape) for weight in cell.weights]
    bias[: 2 * cell.units] += 1
    cell.set_weights([kernel, bias])
    return cell


def random_states(rows):
    return [normal(rows, 2, 3, 3), np.abs(normal(rows, 2, 3)), normal(rows, 2)]


def without_stabiliser(cell, x, states):
    """The outputs and the last states of 2 heads of 3 units, by the paper's eq. 19 to 27."""
    weights = [np.float64(weight) for weight in cell.get_weights()]
    ends = [6, 12, 18, 24, 26]
    w_q, w_k, w_v, w_o, w_i, w_f = np.split(weights[0], ends, axis=-1)
    b_q, b_k, b_v, b_o, b_i, b_f = np.split(weights[1], ends, axis=-1)
    memory, normaliser, stabiliser = [np.float64(state) for state in states]
    memory = memory * np.exp(stabiliser)[..., None, None]
    normaliser = normaliser * np.exp(stabiliser)[..., None]
    outputs = []
    for x_t in np.float64(x).swapaxes(0, 1):
        q, v = [(x_t @ w + b).reshape(-1, 2, 3) for w, b in [(w_q, b_q), (w_v, b_v)]]
        k = (x_t @ w_k / np.sqrt(3) + b_k).reshape(-1, 2, 3)
        i, f, o = np.exp(x_t @ w_i + b_i), x_t @ w_f + b_f, sigmoid(x_t @ w_o + b_o)
        f = np.exp(f) if cell.forget_activation == "exponential" else sigmoid(f)
        read = np.zeros((len(x_t), 2, 3))
        for row in range(len(x_t)):
            for head in range(2):
                here = row, head
                memory[here] = f[here] * memory[here] + i[here] * np.outer(v[here], k[here])
                normaliser[here] = f[here] * normaliser[here] + i[here] * k[here]
                amount = max(abs(normaliser[here] @ q[here]), 1)
                read[here] = memory[here] @ q[here] / amount
        outputs.append(o * read.reshape(-1, 6))
    return np.stack(outputs, axis=1), memory, normaliser


def both_forms(cell, x, states, mask=None):
    """`[outputs, *states]` of the loop and of the parallel form."""
    projected = cell.project(ops.convert_to_tensor(x))
    states = [cell.computed(state) for state in states]
    mask = None if mask is None else ops.convert_to_tensor(mask)
    _, outputs, new_states = run(cell.begin(len(x)), projected, states, mask)
    loop = [outputs, *new_states]
    outputs, new_states = cell.parallel(projected, states, mask)
    return [[ops.convert_to_numpy(y) for y in form] for form in (loop, [outputs, *new_states])]


@pytest.mark.parametrize("forget_activation", ["sigmoid", "exponential"])
def test_cell_is_the_equations_of_the_paper(forget_activation):
    cell = built(forget_activation=forget_activation)
    x, states = normal(3, 6, 5), random_states(3)
    outputs, memory, normaliser = without_stabiliser(cell, x, states)
    for t in range(6):
        output, states = cell(x[:, t], states)
        close(output, outputs[:, t])
    states = [ops.convert_to_numpy(state) for state in states]
    scale = np.exp(states[2])
    close(states[0] * scale[..., None, None], memory, 1e-4)
    close(states[1] * scale[..., None], normaliser, 1e-4)


def test_the_stabiliser_is_that_of_the_paper():
    cell = built()
    x, states = normal(3, 6, 5), random_states(3)
    kernel, bias = cell.get_weights()
    m = states[2]
    for t in range(6):
        i, f = np.split(x[:, t] @ kernel[:, 24:] + bias[24:], 2, axis=-1)
        m = np.maximum(np.log(sigmoid(f)) + m, i)
        _, states = cell(x[:, t], states)
        close(states[2], m)


def test_starts_without_a_memory_however_small_the_first_inputs_are():
    # The forget gate makes a large memory of them later, so that they must not be rounded away.
    cell = built(forget_activation="exponential")
    x, states = normal(3, 2, 5), cell.get_initial_state(3)
    kernel, bias = cell.get_weights()
    kernel[:, 24:], bias[24:] = 0, [-50, -50, 50, 50]
    cell.set_weights([kernel, bias])
    empty = [np.zeros_like(state) for state in random_states(3)]
    wanted = without_stabiliser(cell, x, empty)[0]
    assert np.abs(wanted[:, 0]).max() < 1e-15
    assert np.abs(wanted[:, 1]).max() > 0.1
    for form in both_forms(cell, x, states):
        close(form[0], wanted)


@pytest.mark.parametrize("forget_activation", ["sigmoid", "exponential"])
@pytest.mark.parametrize("time, chunk_size", [(1, 4), (12, 4), (13, 4), (13, 64), (20, 1)])
def test_both_forms_agree(time, chunk_size, forget_activation):
    cell = built(chunk_size=chunk_size, forget_activation=forget_activation)
    x, states = normal(3, time, 5), random_states(3)
    mask = RNG.random((3, time)) < 0.7
    mask[1] = False
    for keep in (None, mask):
        loop, parallel = both_forms(cell, x, states, keep)
        shown = np.ones_like(mask) if keep is None else keep
        close(parallel[0][shown], loop[0][shown])
        for one, other in zip(parallel[1:], loop[1:], strict=True):
            close(one, other)
    close(parallel[1][1], states[0][1])


def test_both_forms_agree_in_half_precision():
    cell = built(chunk_size=4, dtype="mixed_float16")
    loop, parallel = both_forms(cell, normal(3, 13, 5), random_states(3))
    for one, other in zip(parallel, loop, strict=True):
        assert one.dtype == other.dtype == np.float16
        close(one, other, 0.05)


def extreme(dtype=None):
    """A cell and its inputs and states, with gates of 50 and -50 before their activation.

    Of the 3 features, two are the gates of both heads. Queries and keys are positive, for where
    they cancel out, h and its gradients are as large as they like.
    """
    cell = built(3, chunk_size=4, dtype=dtype)
    kernel, bias = [np.zeros_like(weight) for weight in cell.get_weights()]
    kernel[0, :12], kernel[0, 12:24] = RNG.uniform(0.5, 1, 12), normal(12)
    kernel[1, 24:26], kernel[2, 26:] = 1, 1
    cell.set_weights([kernel, bias])
    gates = RNG.choice(np.float32([-50, 0, 50]), size=(8, 30, 2))
    gates[0], gates[1], gates[2], gates[3] = [50, 50], [50, -50], [-50, 50], [-50, -50]
    inputs = RNG.uniform(0.5, 1, size=(8, 30, 1)).astype("float32")
    return cell, np.concatenate([inputs, gates], axis=-1), random_states(8)


def test_both_forms_agree_where_gates_are_extreme():
    cell, x, random = extreme()
    for states in (random, cell.get_initial_state(8)):
        wanted = without_stabiliser(cell, x, states)[0]
        for form in both_forms(cell, x, states):
            assert all(np.all(np.isfinite(y)) for y in form)
            close(form[0], wanted, 1e-4)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="gradients of TensorFlow")
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_gradients_are_finite_where_gates_are_extreme(dtype):
    cell, x, states = extreme(dtype)
    layer = Recurrent(cell, return_sequences=True, dtype=cell.dtype_policy)
    mask = RNG.random((8, 30)) < 0.7

    def loss(tensors):
        outputs = layer(tensors[0], initial_state=tensors[1:], mask=mask)
        return ops.sum(ops.cast(outputs, "float32"))

    parallel = differentiate(loss, [x, *states], cell.trainable_variables)
    loop = differentiate(loss, [x, *states], without_parallel(cell).trainable_variables)
    for one, other in zip(parallel, loop, strict=True):
        assert np.all(np.isfinite(one))
        size = max(1, np.abs(other).max())
        close(one / size, np.float64(other) / size, 1e-4 if dtype == "float32" else 0.05)


def test_heads_do_not_see_each_other():
    x = normal(3, 7, 5)
    both = built()
    weights = [np.split(weight, [6, 12, 18, 24, 26], axis=-1) for weight in both.get_weights()]
    wanted = Recurrent(both, return_sequences=True)(x)
    outputs = []
    for head in range(2):
        one = built(units=3, heads=1)
        parts = [[np.split(part, 2, axis=-1)[head] for part in weight] for weight in weights]
        one.set_weights([np.concatenate(part, axis=-1) for part in parts])
        outputs.append(ops.convert_to_numpy(Recurrent(one, return_sequences=True)(x)))
    close(wanted, np.concatenate(outputs, axis=-1))


def test_the_forget_gates_start_where_those_of_the_authors_do():
    for activation, gate in [("sigmoid", sigmoid), ("exponential", np.exp)]:
        cell = MLSTMCell(8, 4, forget_activation=activation, bias_initializer="ones")
        cell.build((None, 5))
        bias = cell.get_weights()[1]
        np.testing.assert_array_equal(bias[:-4], 1)
        close(gate(bias[-4:]), sigmoid(np.array([3, 4, 5, 6])))
    cell = MLSTMCell(8, 4, spread_forget_bias=False)
    cell.build((None, 5))
    np.testing.assert_array_equal(cell.get_weights()[1], 0)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"units": 0}, "`units` must be a positive integer"),
        ({"units": 6, "heads": 4}, "`units` must be a multiple of `heads`"),
        ({"units": 6, "heads": 2, "forget_activation": "tanh"}, "`forget_activation` must be"),
        ({"units": 6, "heads": 2, "chunk_size": 0}, "`chunk_size` must be a positive integer"),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        MLSTMCell(**wrong)


def test_promises_of_a_cell():
    check_cell(lambda **overrides: MLSTMCell(4, 2, chunk_size=3, dropout=0.3, **overrides))


def test_contract():
    init = {
        "units": 4,
        "heads": 2,
        "forget_activation": "exponential",
        "spread_forget_bias": False,
        "chunk_size": 3,
        "use_bias": True,
        "kernel_initializer": "he_normal",
        "bias_initializer": "random_normal",
        "dropout": 0.3,
        "seed": 5,
    }
    states = [normal(3, 2, 2, 2), normal(3, 2, 2), normal(3, 2)]
    inputs = {"inputs": normal(3, 8), "states": states}
    check_layer(MLSTMCell, init, inputs, seed_generators=1, trainable_weights=2)

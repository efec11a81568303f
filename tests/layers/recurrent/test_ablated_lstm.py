"""AblatedLSTMCell: each variant by its equations and against the whole cell, a cell's promises."""

import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers.recurrent.ablated_lstm import VARIANTS, AblatedLSTMCell
from layers.recurrent.peephole_lstm import PeepholeLSTMCell
from layers.recurrent.recurrent import Recurrent

RNG = np.random.default_rng(7)
GATES = ("input", "forget", "output")
ABLATED_GATES = {f"no_{gate}_gate": gate for gate in GATES}


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


def built(variant, units=4, features=5):
    """Return a cell with random weights."""
    cell = AblatedLSTMCell(units, variant)
    cell.build((None, features))
    cell.set_weights([normal(*weight.shape) * 0.5 for weight in cell.weights])
    return cell


def parts(cell):
    """Return the weights of a cell by the name of the gate: W, U, b, and p by gate, and R."""
    names = [gate for gate in PeepholeLSTMCell.gates if gate != ABLATED_GATES.get(cell.variant)]
    weights = {
        weight.name: value for weight, value in zip(cell.weights, cell.get_weights(), strict=True)
    }
    wide = [weights[name] for name in ("kernel", "recurrent_kernel", "bias")]
    wide = [dict(zip(names, np.split(w, len(names), axis=-1), strict=True)) for w in wide]
    names.remove("candidate")
    peepholes = dict(zip(names, np.split(weights["peepholes"], len(names)), strict=True))
    return *wide, peepholes, weights.get("gate_kernel")


@pytest.mark.parametrize("variant", VARIANTS)
def test_cell_is_the_equations_of_the_paper(variant):
    cell = built(variant)
    w, u, b, p, r = parts(cell)
    x, h, c = normal(3, 5, 5), normal(3, 4), normal(3, 4)
    states = [h, c]
    i, f, o = before = [normal(3, 4) for _ in GATES]
    if variant == "full_gate_recurrence":
        states = [h, c, np.concatenate(before, axis=-1)]
        r = [np.split(rows, 3, axis=1) for rows in np.split(r, 3)]  # r[from][to]
    for t in range(5):
        z, i_sum, f_sum, o_sum = [
            x[:, t] @ w[gate] + h @ u[gate] + b[gate] if gate in w else None
            for gate in ("candidate", *GATES)
        ]
        if variant == "full_gate_recurrence":
            i_sum, f_sum, o_sum = [
                own + i @ r[0][to] + f @ r[1][to] + o @ r[2][to]
                for to, own in enumerate([i_sum, f_sum, o_sum])
            ]
        z = z if variant == "no_input_activation" else np.tanh(z)
        i = 1 if variant == "no_input_gate" else sigmoid(i_sum + p["input"] * c)
        f = 1 if variant == "no_forget_gate" else sigmoid(f_sum + p["forget"] * c)
        c = z * i + c * f
        o = 1 if variant == "no_output_gate" else sigmoid(o_sum + p["output"] * c)
        h = (c if variant == "no_output_activation" else np.tanh(c)) * o
        output, states = cell(x[:, t], states)
        close(output, h)
        close(states[0], h)
        close(states[1], c)
        if variant == "full_gate_recurrence":
            close(states[2], np.concatenate([i, f, o], axis=-1))


@pytest.mark.parametrize("variant", ABLATED_GATES)
def test_is_the_whole_cell_with_the_gate_held_open(variant):
    x, states = normal(3, 6, 5), [normal(3, 4), normal(3, 4)]
    cell, whole = built(variant), PeepholeLSTMCell(4)
    whole.build((None, 5))
    gate = ABLATED_GATES[variant]
    w, u, b, p, _ = parts(cell)
    w[gate], u[gate], b[gate] = np.zeros((5, 4)), np.zeros((4, 4)), np.full(4, 100)
    p[gate] = np.zeros(4)
    wide = [np.concatenate([part[g] for g in whole.gates], axis=-1) for part in (w, u, b)]
    whole.set_weights([*wide, np.concatenate([p[g] for g in GATES])])
    options = {"return_sequences": True, "return_state": True}
    wanted = Recurrent(whole, **options)(x, initial_state=states)
    got = Recurrent(cell, **options)(x, initial_state=states)
    for one, other in zip(got, wanted, strict=True):
        close(one, ops.convert_to_numpy(other))


def test_without_recurrent_gates_full_gate_recurrence_is_the_whole_cell():
    x, states = normal(3, 6, 5), [normal(3, 4), normal(3, 4)]
    cell, whole = built("full_gate_recurrence"), PeepholeLSTMCell(4)
    whole.build((None, 5))
    *weights, gate_kernel = cell.get_weights()
    cell.set_weights([*weights, gate_kernel * 0])
    whole.set_weights(weights)
    wanted = Recurrent(whole, return_sequences=True)(x, initial_state=states)
    got = Recurrent(cell, return_sequences=True)(x, initial_state=[*states, normal(3, 12)])
    close(got, ops.convert_to_numpy(wanted))


@pytest.mark.parametrize("variant", ABLATED_GATES)
def test_a_gate_that_is_taken_out_has_no_weights(variant):
    shapes = [tuple(weight.shape) for weight in built(variant).weights]
    assert shapes == [(5, 12), (4, 12), (12,), (8,)]


def test_only_a_forget_gate_starts_at_one():
    bias = {}
    for variant in ("no_input_gate", "no_forget_gate"):
        cell = AblatedLSTMCell(2, variant)
        cell.build((None, 5))
        bias[variant] = cell.get_weights()[2].tolist()
    assert bias == {"no_input_gate": [1, 1, 0, 0, 0, 0], "no_forget_gate": [0] * 6}


def test_a_wrong_variant_is_refused_with_the_names():
    with pytest.raises(ValueError) as error:
        AblatedLSTMCell(4, "no_gates")
    assert str(error.value) == (
        "`variant` must be one of no_input_gate, no_forget_gate, no_output_gate, "
        "no_input_activation, no_output_activation, full_gate_recurrence, received no_gates."
    )


@pytest.mark.parametrize("variant", ["full_gate_recurrence", "no_output_gate"])
def test_promises_of_a_cell(variant):
    check_cell(lambda **overrides: AblatedLSTMCell(4, variant, **overrides))


def test_contract():
    init = {
        "units": 4,
        "variant": "no_input_gate",
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
    check_layer(AblatedLSTMCell, init, inputs, seed_generators=1, trainable_weights=4)

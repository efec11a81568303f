"""Zoneout: the equations of the paper around any cell."""

import keras
import numpy as np
import pytest
from cell_contract import check_cell
from keras import ops
from layer_contract import check_layer

from layers import recurrent
from layers.recurrent import LSTMCell, Recurrent, ResidualCell, StackedCell, Zoneout

RNG = np.random.default_rng(11)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def close(one, other):
    np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-5, atol=1e-6)


def built(cell, features=5):
    cell.build((None, features))
    for weight in cell.trainable_weights:
        weight.assign(normal(*weight.shape))
    return cell


def test_in_inference_a_state_is_the_expectation_of_the_paper():
    inner = built(LSTMCell(4))
    cell = built(Zoneout(inner, [0.05, 0.5]))
    h, c = normal(3, 4), normal(3, 4)
    for _ in range(3):
        x = normal(3, 5)
        _, (new_h, new_c) = inner(x, [h, c])
        output, states = cell(x, [h, c])
        h = 0.05 * h + 0.95 * numpy(new_h)
        c = 0.5 * c + 0.5 * numpy(new_c)
        for got, wanted in ((output, h), (states[0], h), (states[1], c)):
            close(got, wanted)


def test_in_training_each_unit_is_the_old_or_the_new_one_drawn_anew_at_every_step():
    inner, rates, steps = built(LSTMCell(50)), [0.2, 0.6], 6
    cell = Zoneout(inner, rates, seed=1)
    x, states = ops.convert_to_tensor(normal(8, steps, 5)), [normal(8, 50), normal(8, 50)]
    projected, plain = cell.project(x, training=True), inner.project(x)
    step, inner_step = cell.begin(8, training=True), inner.begin(8)
    kept = []
    for time in range(steps):
        old = [ops.convert_to_tensor(state) for state in states]
        _, new = inner_step(plain[:, time], old)
        output, states = step(tuple(part[:, time] for part in projected), old)
        np.testing.assert_array_equal(numpy(output), numpy(states[0]))
        states = [numpy(state) for state in states]
        is_old = [s == numpy(o) for s, o in zip(states, old, strict=True)]
        for state, same, n in zip(states, is_old, new, strict=True):
            close(state[~same], numpy(n)[~same])
        kept.append(is_old)
    kept = np.array(kept)  # (steps, states, rows, units)
    np.testing.assert_allclose(kept.mean((0, 2, 3)), rates, atol=0.04)
    # Independent over steps, states and rows: two of them agree as often as chance has it.
    for one, other in ((kept[1:], kept[:-1]), (kept[:, :, 1:], kept[:, :, :-1])):
        by_chance = [rate**2 + (1 - rate) ** 2 for rate in rates]
        np.testing.assert_allclose((one == other).mean((0, 2, 3)), by_chance, atol=0.05)


def test_draws_anew_in_each_call_of_a_layer():
    layer = Recurrent(Zoneout(LSTMCell(4), 0.5, seed=1), return_sequences=True)
    x, mask = normal(3, 5, 5), np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0] * 5], "bool")
    one, other = [numpy(layer(x, mask=mask, training=True)) for _ in range(2)]
    assert np.abs(one[:2] - other[:2]).max() > 1e-3
    np.testing.assert_array_equal(one[1, 2:], np.repeat(one[1, 1:2], 3, axis=0))
    assert not one[2].any()


def test_a_rate_of_zero_is_the_cell():
    cell = built(LSTMCell(4))
    layers = [Recurrent(c, return_state=True) for c in (cell, Zoneout(cell, 0.0))]
    x = normal(3, 6, 5)
    assert not layers[1].cell.project_draws
    for one, other in zip(*[layer(x, training=True) for layer in layers], strict=True):
        np.testing.assert_array_equal(numpy(one), numpy(other))


def stack(**options):
    cells = [ResidualCell(LSTMCell(5, dropout=0.2, **options)), LSTMCell(5, **options)]
    return StackedCell(cells, **options)


def test_the_output_of_a_stack_is_zoned_out_too():
    inner = built(stack())
    cell = Zoneout(inner, [0, 0, 0.3, 0])
    x, states = normal(3, 5), [normal(3, 5) for _ in range(4)]
    wanted = 0.3 * states[2] + 0.7 * numpy(inner(x, states)[0])
    close(cell(x, states)[0], wanted)


@pytest.mark.parametrize(
    "make",
    [
        lambda: recurrent.AblatedLSTMCell(4, "full_gate_recurrence"),
        lambda: recurrent.CoupledLSTMCell(4),
        lambda: recurrent.LayerNormLSTMCell(4),
        lambda: recurrent.MinGRUCell(4),
        lambda: recurrent.MinLSTMCell(4),
        lambda: recurrent.MultiplicativeLSTMCell(4),
        lambda: recurrent.NASCell(4),
        lambda: recurrent.PeepholeLSTMCell(4),
        lambda: recurrent.ProjectedLSTMCell(6, 4),
        lambda: recurrent.SLSTMCell(4),
        lambda: recurrent.StockCell(keras.layers.GRUCell(4)),
        lambda: recurrent.StockCell(keras.layers.SimpleRNNCell(4)),
    ],
)
def test_an_output_that_is_a_state_is_zoned_out_with_it(make):
    inner = built(make())
    cell, x = Zoneout(inner, 0.5), normal(3, 5)
    _, states = inner(x, inner.get_initial_state(3))
    output, new_states = inner(x, states)
    (same,) = [k for k, s in enumerate(new_states) if np.array_equal(numpy(s), numpy(output))]
    zoned, zoned_states = cell(x, states)
    np.testing.assert_array_equal(numpy(zoned), numpy(zoned_states[same]))
    close(zoned, (numpy(states[same]) + numpy(output)) / 2)


@pytest.mark.parametrize(
    "rates, sentence",
    [([0.1], "must be 2, one per state"), (1.0, "less than 1"), ([0.1, -1], "at least 0")],
)
def test_wrong_rates_are_refused(rates, sentence):
    with pytest.raises(ValueError, match=sentence):
        Zoneout(LSTMCell(3), rates)


def test_an_upper_cell_may_not_draw_within_the_loop():
    for upper in (Zoneout(LSTMCell(4), 0.1), ResidualCell(Zoneout(LSTMCell(4), 0.1))):
        with pytest.raises(ValueError, match=f"{type(upper).__name__} may not draw random numbers"):
            StackedCell([LSTMCell(4), upper])
    StackedCell([Zoneout(LSTMCell(4), 0.1), Zoneout(LSTMCell(4), 0.0)])


def test_promises_of_a_cell():
    check_cell(lambda **options: Zoneout(stack(**options), [0.2, 0.3, 0, 0.4], **options))


def test_contract():
    check_layer(
        Zoneout,
        lambda: {
            "cell": LSTMCell(4, recurrent_dropout=0.2, seed=1),
            "rates": [0.3, 0.4],
            "seed": 5,
        },
        {"inputs": normal(3, 8), "states": [normal(3, 4), normal(3, 4)]},
        seed_generators=2,
        trainable_weights=3,
        precisions=(),  # the dtype of the cell inside is that of the contract of a cell
    )

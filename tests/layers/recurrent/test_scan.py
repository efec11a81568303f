"""linear_scan: the recurrence that it computes, for all lengths, with gradients."""

import keras
import numpy as np
import pytest
from cell_contract_parts import directional_derivatives
from keras import ops

from layers.recurrent.scan import linear_scan, piece_size, pieces, together

RNG = np.random.default_rng(7)


def scanned(*arrays, **options):
    """`linear_scan` of NumPy arrays."""
    return linear_scan(*map(ops.convert_to_tensor, arrays), **options)


def example(time, *size, decay_size=None):
    decay = RNG.uniform(0, 1, size=(2, time, *(decay_size or size)))
    value, initial = RNG.normal(size=(2, time, *size)), RNG.normal(size=(2, *size))
    return [x.astype("float32") for x in (decay, value, initial)]


def by_hand(decay, value, initial):
    """h_0 to the last h, `(batch, time + 1, ...)`."""
    steps = [initial.astype("float64")]
    for time in range(value.shape[1]):
        steps.append(decay[:, time] * steps[-1] + value[:, time])
    return np.stack(steps, axis=1)


def close(got, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(got), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("block", [1, 16])
@pytest.mark.parametrize("time", [1, 2, 16, 17, 32, 45])
def test_is_the_recurrence(time, block):
    inputs = example(time, 3)
    wanted = by_hand(*inputs)
    close(scanned(*inputs, block=block), wanted[:, 1:])
    close(scanned(*inputs, exclusive=True, block=block), wanted[:, :-1])


@pytest.mark.parametrize("time", [5, 40])
def test_takes_matrices_and_a_decay_that_broadcasts(time):
    inputs = example(time, 2, 3, 4, decay_size=(2, 1, 1))
    close(scanned(*inputs), by_hand(*inputs)[:, 1:])


@pytest.mark.parametrize("decay", [0.0, 1e-30, 1.0])
def test_takes_any_decay_between_0_and_1(decay):
    _, value, initial = example(200, 3)
    inputs = [np.full_like(value, decay), value, initial]
    np.testing.assert_allclose(
        ops.convert_to_numpy(scanned(*inputs)), by_hand(*inputs)[:, 1:], rtol=1e-4, atol=1e-4
    )


def test_decay_1_and_value_0_is_a_padded_step():
    decay, value, initial = example(40, 3)
    keep = np.arange(40) % 3 > 0
    kept = ops.convert_to_numpy(scanned(decay[:, keep], value[:, keep], initial))
    keep = keep[:, None]
    got = scanned(np.where(keep, decay, 1), np.where(keep, value, 0), initial)
    close(ops.convert_to_numpy(got)[:, keep[:, 0]], kept)


@pytest.mark.parametrize("exclusive", [False, True])
def test_takes_an_unknown_number_of_steps(exclusive):
    layer = keras.layers.Lambda(lambda x: linear_scan(*x, exclusive=exclusive))
    inputs = [keras.Input((None, 3)), keras.Input((None, 3)), keras.Input((3,))]
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, None, 3)
    for time in (20, 37, 5):
        given = example(time, 3)
        wanted = by_hand(*given)
        wanted = wanted[:, :-1] if exclusive else wanted[:, 1:]
        close(model.predict(given, verbose=0), wanted)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="gradients of TensorFlow")
@pytest.mark.parametrize("time", [7, 20])
def test_gradients_are_those_of_the_recurrence(time):
    decay, value, initial = [x.astype("float64") for x in example(time, 3)]
    for exclusive in (False, True):

        def loss(tensors, exclusive=exclusive):
            return ops.sum(linear_scan(*tensors, exclusive=exclusive) ** 2)

        for _, slope, wanted in directional_derivatives(loss, [decay, value, initial], [], RNG):
            np.testing.assert_allclose(slope, wanted, rtol=1e-6)


def test_pieces_are_even_and_the_last_is_padded():
    assert [piece_size(time, 16) for time in (1, 16, 17, 33)] == [1, 16, 9, 11]
    x = np.arange(10.0).reshape(2, 5)
    cut = pieces(ops.convert_to_tensor(x), 3, 7)
    wanted = [[[0, 1, 2], [3, 4, 7]], [[5, 6, 7], [8, 9, 7]]]
    np.testing.assert_array_equal(ops.convert_to_numpy(cut), wanted)
    np.testing.assert_array_equal(ops.convert_to_numpy(together(cut, 5)), x)

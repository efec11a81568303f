"""ByteDropout: its rate, its scale, and its gradient."""

import keras
import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.dropout import ByteDropout, derive_seeds


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.999, 1e-4])
def test_drops_its_share_and_keeps_the_mean(rate):
    share = min(max(round(rate * 256), 1), 255) / 256
    ones = np.ones((400, 501), "float32")
    outputs = ops.convert_to_numpy(ByteDropout(rate, seed=1)(ones, training=True))
    kept = outputs != 0
    deviation = 5 * np.sqrt(share * (1 - share) / ones.size)
    assert abs((1 - kept.mean()) - share) < deviation
    np.testing.assert_allclose(outputs[kept], 1 / (1 - share), rtol=1e-6)


def test_elements_are_dropped_independently():
    ones = np.ones((1000, 64), "float32")
    kept = ops.convert_to_numpy(ByteDropout(0.5, seed=2)(ones, training=True)) != 0
    correlations = np.corrcoef(kept.T) - np.eye(64)
    assert np.abs(correlations).max() < 6 / np.sqrt(1000)


def test_each_call_draws_anew_and_a_seed_repeats():
    layer, twin = ByteDropout(0.5, seed=3), ByteDropout(0.5, seed=3)
    ones = np.ones((3, 5, 7), "float32")
    first, second = layer(ones, training=True), layer(ones, training=True)
    assert (ops.convert_to_numpy(first) != ops.convert_to_numpy(second)).any()
    again = twin(ones, training=True)
    np.testing.assert_array_equal(ops.convert_to_numpy(first), ops.convert_to_numpy(again))


def test_inference_changes_nothing():
    ones = np.ones((3, 5), "float32")
    for training in (False, None):
        outputs = ByteDropout(0.5)(ones, training=training)
        np.testing.assert_array_equal(ops.convert_to_numpy(outputs), ones)


def test_a_rate_that_drops_everything_is_refused():
    for rate in (-0.1, 1.0):
        with pytest.raises(ValueError, match="rate"):
            ByteDropout(rate)


def test_derived_seeds_differ_and_repeat():
    assert derive_seeds(None, 2) == [None, None]
    seeds = derive_seeds(7, 50)
    assert len(set(seeds)) == 50 and seeds == derive_seeds(7, 50) and seeds != derive_seeds(8, 50)


def test_contract():
    check_layer(
        ByteDropout,
        {"rate": 0.3, "seed": 3},
        np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32"),
        seed_generators=1,
        trainable_weights=0,
    )


def test_unknown_sizes():
    outputs = ByteDropout(0.5)(keras.Input((None, 3)), training=True)
    assert outputs.shape == (None, None, 3)

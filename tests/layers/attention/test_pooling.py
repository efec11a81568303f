"""SequencePooling: each kind by its definition, padding, and what is left where nothing is real."""

import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.attention import SequencePooling

RNG = np.random.default_rng(4)
INPUTS = RNG.normal(size=(4, 5, 6)).astype("float32")
# Padding behind, before, in between, and alone.
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [0, 1, 0, 1, 0], [0] * 5], "bool")


def pooled(mode, mask=MASK, **options):
    layer = SequencePooling(mode, **options)
    layer(INPUTS)
    layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.weights])
    return layer, ops.convert_to_numpy(layer(INPUTS, mask=mask))


def expected(mode, layer, row, kept):
    steps = INPUTS[row, kept]
    if not len(steps):
        return np.zeros(6)
    if mode == "last":
        return np.concatenate([steps[-1][:3], steps[0][3:]]) if layer.two_way else steps[-1]
    if mode in ("max", "mean"):
        return getattr(steps, mode)(axis=0)
    kernel, bias, query = layer.get_weights()
    scores = np.array([query[:, 0] @ np.tanh(kernel.T @ step + bias) for step in steps])
    weights = np.exp(scores) / np.exp(scores).sum()
    return weights @ steps


@pytest.mark.parametrize("mode", ["last", "two_way", "max", "mean", "attention"])
def test_is_its_definition(mode):
    mode, options = ("last", {"two_way": True}) if mode == "two_way" else (mode, {})
    layer, found = pooled(mode, **options)
    wanted = [expected(mode, layer, row, kept) for row, kept in enumerate(MASK)]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    whole = ops.convert_to_numpy(layer(INPUTS))
    everything = ops.convert_to_numpy(layer(INPUTS, mask=np.ones_like(MASK)))
    np.testing.assert_allclose(whole, everything, atol=1e-6)


@pytest.mark.parametrize("mode", ["last", "mean", "attention"])
def test_weights_sum_to_one_over_real_steps(mode):
    layer, found = pooled(mode)
    weights = ops.convert_to_numpy(layer.weights_of(ops.convert_to_tensor(INPUTS), MASK))
    np.testing.assert_allclose(weights.sum(1), [1, 1, 1, 0], atol=1e-6)
    assert not weights[~MASK].any()
    np.testing.assert_allclose(np.einsum("bt,btf->bf", weights, INPUTS), found, atol=1e-5)


@pytest.mark.parametrize(
    ("init", "weights"),
    [
        ({"mode": "last"}, 0),
        ({"mode": "last", "two_way": True}, 0),
        ({"mode": "max"}, 0),
        ({"mode": "mean"}, 0),
        ({"mode": "attention"}, 3),
    ],
    ids=str,
)
def test_keeps_the_promises_of_a_layer(init, weights):
    check_layer(
        SequencePooling,
        init,
        {"inputs": INPUTS},
        masks={"mask": "inputs"},
        trainable_weights=weights,
        propagates_mask=False,
        output_shape=(4, 6),
    )


@pytest.mark.parametrize(
    ("init", "sentence"),
    [
        ({"mode": "median"}, "one of last, max, mean, attention, got 'median'"),
        ({"mode": "last", "two_way": True}, "even number of features, got 5"),
    ],
)
def test_refuses_what_it_cannot_do(init, sentence):
    with pytest.raises(ValueError, match=sentence):
        SequencePooling(**init)(INPUTS[..., :5])

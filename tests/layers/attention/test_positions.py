"""Positions, windows and offsets of MultiHeadAttention, from the equations of their papers."""

import numpy as np
import pytest
from attention_reference import SLOPES, attend
from keras import ops

from layers.attention import MultiHeadAttention
from layers.attention.alibi import alibi_slopes

BATCH, TIME, MEMORY, UNITS = 2, 5, 7, 8
KINDS = (None, "rotary", "alibi", "relative")
KNOWING = KINDS[1:]


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def attention(positions, heads=4, shared=2, **options):
    """A layer none of whose weights is zero."""
    layer = MultiHeadAttention(heads, 4, num_key_value_heads=shared, positions=positions, **options)
    layer.build((None, None, UNITS), (None, None, UNITS))
    for index, weight in enumerate(layer.trainable_weights):
        weight.assign(normal(*weight.shape, seed=index) * 0.5)
    return layer


def shifted(x, count, seed=3):
    """The sequence with `count` other positions before it."""
    return np.concatenate([normal(len(x), count, x.shape[-1], seed=seed), x], axis=1)


@pytest.mark.parametrize("positions", KINDS)
@pytest.mark.parametrize(("causal", "window", "offset"), [(True, 3, 2), (False, 2, 1)])
def test_equals_the_equations(positions, causal, window, offset):
    layer = attention(positions, window=window)
    query, value = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, UNITS)
    mask = np.random.default_rng(1).random((BATCH, TIME, MEMORY)) < 0.8
    found = layer(
        query,
        value,
        attention_mask=mask,
        use_causal_mask=causal,
        offset=offset,
        return_attention_scores=True,
    )
    for one, other in zip(found, attend(layer, query, value, mask, causal, offset), strict=True):
        np.testing.assert_allclose(array(one), other, atol=1e-5)


@pytest.mark.parametrize("positions", KNOWING)
def test_equals_the_equations_without_masks_in_single_heads(positions):
    layer = attention(positions, heads=3, shared=3, use_bias=False)
    query, value = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, UNITS)
    output, _ = attend(layer, query, value)
    np.testing.assert_allclose(array(layer(query, value)), output, atol=1e-5)


@pytest.mark.parametrize("positions", KNOWING)
def test_what_counts_is_the_distance(positions):
    layer = attention(positions)
    query, value = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, UNITS)
    plain = array(layer(query, value, offset=2))
    later = layer(
        query,
        shifted(value, 4),
        value_mask=np.arange(MEMORY + 4)[None].repeat(BATCH, 0) >= 4,
        offset=6,
    )
    np.testing.assert_allclose(array(later), plain, atol=1e-5)
    other = array(layer(query, value, offset=3))
    assert np.abs(other - plain).max() > 1e-3


def test_rotary_keys_may_start_anywhere():
    layer = attention("rotary")
    query, value = (ops.convert_to_tensor(normal(BATCH, n, UNITS)) for n in (TIME, MEMORY))
    plain = array(layer(query, value, offset=2))
    keys, values = layer.project_memory(value, offset=30)
    np.testing.assert_allclose(
        array(layer.attend(query, keys, values, offset=32)), plain, atol=1e-5
    )


@pytest.mark.parametrize("positions", KINDS)
@pytest.mark.parametrize("window", [None, 2])
def test_steps_equal_the_whole(positions, window):
    layer = attention(positions, window=window, value_dim=3)
    inputs = ops.convert_to_tensor(normal(BATCH, TIME, UNITS))
    whole = array(layer(inputs, inputs, use_causal_mask=True))
    cache = layer.begin_cache(BATCH, max_length=TIME + 1)
    assert [tuple(part.shape) for part in cache] == [(2, 2, 4, 6), (2, 2, 6, 3)]
    for time in range(TIME):
        position = ops.convert_to_tensor(time, dtype="int32")
        output, cache = layer.step(inputs[:, time], cache, position)
        np.testing.assert_allclose(array(output), whole[:, time], atol=1e-5)


@pytest.mark.parametrize("positions", KINDS)
@pytest.mark.parametrize("window", [None, 2])
def test_an_offset_aligns_the_ends(positions, window):
    layer = attention(positions, window=window)
    inputs = normal(BATCH, TIME, UNITS)
    whole = array(layer(inputs, inputs, use_causal_mask=True))
    last = layer(inputs[:, -2:], inputs, use_causal_mask=True, offset=TIME - 2)
    np.testing.assert_allclose(array(last), whole[:, -2:], atol=1e-5)


def test_slopes_of_alibi():
    for heads, slopes in SLOPES.items():
        assert alibi_slopes(heads) == slopes
    twelve = [2.0**-k for k in range(1, 9)] + [2.0 ** -(k + 0.5) for k in range(4)]
    assert alibi_slopes(12) == twelve


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"positions": "absolute"}, "`positions` must be one of"),
        ({"positions": "rotary", "key_dim": 3}, "even `key_dim`, got 3"),
        ({"window": 0}, "`window` must be positive"),
        ({"num_key_value_heads": 3}, "must divide `num_heads`, got 3 for 4"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MultiHeadAttention(**{"num_heads": 4, "key_dim": 4, **options})

"""The backend's fused attention: that it is used as promised, and differs in nothing but speed."""

import keras
import numpy as np
import pytest
from keras import ops
from sight import viewer

from layers.attention import MultiHeadAttention, multi_head
from layers.attention.fused import fused_attention

BATCH, TIME, MEMORY, UNITS, HEADS = 3, 5, 7, 8, 4
MASKS = {
    "query_mask": np.arange(TIME) < np.array([[5], [3], [4]]),
    "value_mask": np.arange(MEMORY) < np.array([[7], [4], [0]]),  # the last sees nothing
    "key_mask": np.random.default_rng(1).random((BATCH, MEMORY)) < 0.7,
    "attention_mask": np.random.default_rng(2).random((BATCH, TIME, MEMORY)) < 0.6,
}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def attention(shared=HEADS, **options):
    """A layer none of whose weights is zero."""
    layer = MultiHeadAttention(HEADS, 2, num_key_value_heads=shared, **options)
    layer.build((None, None, UNITS), (None, None, UNITS))
    for index, weight in enumerate(layer.trainable_weights):
        weight.assign(normal(*weight.shape, seed=index) * 0.5)
    return layer


def has_kernel(shared):
    """Whether the backend has a kernel for so many heads of keys and values."""
    return {"tensorflow": False, "torch": shared == HEADS, "jax": True}[keras.config.backend()]


@pytest.fixture
def calls(monkeypatch):
    """Of each call of the fused attention, whether it had a mask, and whether it was causal."""
    found = []

    def spy(queries, keys, values, mask=None, causal=False):
        found.append((mask is not None, causal))
        return fused_attention(queries, keys, values, mask, causal)

    monkeypatch.setattr(multi_head, "fused_attention", spy)
    return found


PROMISED = [
    ({}, {}),
    ({}, {"use_causal_mask": True}),
    ({}, {"use_causal_mask": True, "offset": 2}),
    ({}, {"value_mask": MASKS["value_mask"], "training": True}),
    ({"window": 2}, {}),
    ({"positions": "rotary"}, {}),
    ({"dropout": 0.3}, {}),
]
OTHERWISE = [
    ({}, {"return_attention_scores": True}),
    ({}, {"return_attention_scores": True, "use_causal_mask": True}),
    ({"dropout": 0.3}, {"training": True}),
    ({"positions": "alibi"}, {}),
    ({"positions": "relative"}, {}),
    ({"value_dim": 3}, {}),
]


@pytest.mark.parametrize("shared", [1, 2, HEADS])
def test_is_used_exactly_when_promised(calls, shared):
    query, value = normal(BATCH, TIME, UNITS), normal(BATCH, MEMORY, UNITS)
    for promised, cases in ((True, PROMISED), (False, OTHERWISE)):
        for options, arguments in cases:
            calls.clear()
            attention(shared, **options)(query, value, **arguments)
            assert bool(calls) == (promised and has_kernel(shared)), (options, arguments)
            if calls:
                causal_alone = arguments == {"use_causal_mask": True}
                masked = bool(arguments or options.get("window")) and not causal_alone
                assert calls == [(masked, causal_alone)], (options, arguments)


def test_is_used_step_by_step_and_for_a_projected_memory(calls):
    layer, x = attention(), ops.convert_to_tensor(normal(BATCH, TIME, UNITS))
    layer.step(x[:, 0], layer.begin_cache(BATCH, TIME), 0)
    assert calls == [(True, False)] * has_kernel(HEADS)
    layer.attend(x, *layer.project_memory(x))
    assert calls == [(True, False), (False, False)] * has_kernel(HEADS)


@pytest.mark.parametrize("shared", [2, HEADS])
@pytest.mark.parametrize(
    ("options", "masks", "positions"),
    [
        ({}, [], None),
        ({"use_causal_mask": True}, [], "rotary"),
        ({"use_causal_mask": True, "offset": 2}, ["value_mask"], None),
        ({"use_causal_mask": True}, list(MASKS), None),
    ],
)
def test_gradients_are_those_beside_scores(calls, shared, options, masks, positions):
    """By query, value and key, which stand behind each other in one input."""
    layer = attention(shared, positions=positions)
    inputs = {name: MASKS[name] for name in masks}
    inputs["x"] = normal(BATCH, TIME + 2 * MEMORY, UNITS)

    def found(scores):
        def call(given):
            parts = ops.split(given["x"], [TIME, TIME + MEMORY], axis=1)
            names = {name: given[name] for name in masks}
            output = layer(*parts, **names, **options, return_attention_scores=scores)
            return output[0] if scores else output

        calls.clear()
        seen = viewer(call, inputs, "x", np.ones((1, 1, TIME, 1)), True)(inputs["x"])
        assert bool(calls) == (not scores and has_kernel(shared))
        return seen

    (output, slope), (other, other_slope) = found(False), found(True)
    np.testing.assert_allclose(output, other, atol=1e-5)
    np.testing.assert_allclose(slope, other_slope, atol=1e-4, rtol=1e-4)
    for part in np.split(np.abs(slope), [TIME, TIME + MEMORY], axis=1):
        assert part.max() > 1e-2

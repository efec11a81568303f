"""LuongAttention: the equations of the paper, masks, and the bound form."""

import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.attention import LuongAttention

RNG = np.random.default_rng(9)
MASK = np.array([[1] * 7, [1, 1, 0, 0, 0, 0, 0], [0] * 7], "bool")


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def close(one, other):
    np.testing.assert_allclose(ops.convert_to_numpy(one), other, rtol=1e-5, atol=1e-5)


def score_of(layer, weights):
    """The score of the paper, as a function of one query and one step of the value."""
    factor = weights.pop() if layer.scale else 1.0
    if layer.score == "dot":
        return lambda h, m: factor * (h @ m)
    if layer.score == "general":
        return lambda h, m: factor * (h @ weights[0] @ m)
    kernel, vector = weights
    return lambda h, m: factor * (vector @ np.tanh(np.concatenate([h, m]) @ kernel))


@pytest.mark.parametrize("score", ["general", "dot", "concat"])
@pytest.mark.parametrize("scale", [False, True])
def test_is_the_equations_of_the_paper(score, scale):
    query, value = normal(3, 5, 6), normal(3, 7, 6)
    layer = LuongAttention(score, scale=scale)
    layer(query, value)
    layer.set_weights([normal(*w.shape) for w in layer.weights])
    score = score_of(layer, list(layer.get_weights()))
    context, weights = np.zeros((3, 5, 6)), np.zeros((3, 5, 7))
    for row, kept in enumerate(MASK):
        for t in range(5):
            scores = np.array([score(query[row, t], m) for m in value[row, kept]])
            exponentials = np.exp(scores)
            weights[row, t, kept] = exponentials / exponentials.sum()
            context[row, t] = weights[row, t] @ value[row]
    got = layer(query, value, value_mask=MASK, return_attention_scores=True)
    close(got[0], context)
    close(got[1], weights)
    attend = layer.bind(value, MASK)
    for t in range(5):
        one, _, state = attend(query[:, t : t + 1])
        close(one[:, 0], context[:, t])
        assert state == []


def test_a_scale_starts_at_one():
    query, value = normal(3, 5, 6), normal(3, 7, 6)
    close(LuongAttention("dot", scale=True)(query, value), LuongAttention("dot")(query, value))


def test_a_row_that_may_attend_to_nothing_gets_zeros():
    layer = LuongAttention()
    context, weights = layer(
        normal(3, 5, 6), normal(3, 7, 6) * 1e4, value_mask=MASK, return_attention_scores=True
    )
    assert np.isfinite(ops.convert_to_numpy(context)).all()
    assert not ops.convert_to_numpy(context)[2].any()
    assert not ops.convert_to_numpy(weights)[2].any()


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="must be one of"):
        LuongAttention("cosine")
    with pytest.raises(ValueError, match="same size, received 4 and 6"):
        LuongAttention("dot")(normal(3, 5, 4), normal(3, 7, 6))


@pytest.mark.parametrize(
    "score, scale, size, weights, scores",
    [
        ("general", False, 8, 1, False),
        ("general", True, 8, 2, True),
        ("dot", False, 6, 0, True),
        ("concat", True, 8, 3, False),
    ],
)
def test_contract(score, scale, size, weights, scores):
    check_layer(
        LuongAttention,
        {"score": score, "scale": scale},
        {"query": normal(3, 5, 6), "value": normal(3, 7, size)},
        options={"return_attention_scores": True} if scores else {},
        masks={"query_mask": "query", "value_mask": "value"},
        trainable_weights=weights,
    )

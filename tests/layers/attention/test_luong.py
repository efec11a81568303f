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


@pytest.mark.parametrize("score", ["general", "dot"])
def test_is_the_equations_of_the_paper(score):
    query, value = normal(3, 5, 6), normal(3, 7, 6)
    layer = LuongAttention(score)
    layer(query, value)
    layer.set_weights([normal(*w.shape) for w in layer.weights])
    kernel = np.asarray(layer.get_weights()[0]) if score == "general" else np.eye(6)
    context, weights = np.zeros((3, 5, 6)), np.zeros((3, 5, 7))
    for row, kept in enumerate(MASK):
        for t in range(5):
            scores = np.array([query[row, t] @ kernel @ m for m in value[row, kept]])
            exponentials = np.exp(scores)
            weights[row, t, kept] = exponentials / exponentials.sum()
            context[row, t] = weights[row, t] @ value[row]
    got = layer(query, value, value_mask=MASK, return_attention_scores=True)
    close(got[0], context)
    close(got[1], weights)
    attend = layer.bind(value, MASK)
    for t in range(5):
        close(attend(query[:, t : t + 1])[0][:, 0], context[:, t])


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


@pytest.mark.parametrize("score, size, weights", [("general", 8, 1), ("dot", 6, 0)])
def test_contract(score, size, weights):
    for options in ({}, {"return_attention_scores": True}):
        check_layer(
            LuongAttention,
            {"score": score},
            {"query": normal(3, 5, 6), "value": normal(3, 7, size)},
            options=options,
            masks={"value_mask": "value"},
            trainable_weights=weights,
        )

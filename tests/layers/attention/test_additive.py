"""AdditiveAttention: the equations of its three papers, and the coverage as a state."""

import numpy as np
import pytest
from keras import ops
from layer_contract import check_layer

from layers.attention import AdditiveAttention, coverage_loss

RNG = np.random.default_rng(4)
MASK = np.array([[1] * 7, [1, 1, 0, 0, 0, 0, 0], [0] * 7], "bool")
WAYS = [(False, False), (True, False), (False, True), (True, True)]


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


def close(one, other):
    np.testing.assert_allclose(numpy(one), numpy(other), rtol=1e-5, atol=1e-5)


def made(normalize, coverage):
    """A layer with random weights, biases too."""
    layer = AdditiveAttention(4, normalize=normalize, coverage=coverage)
    layer(normal(3, 5, 6), normal(3, 7, 8))
    layer.set_weights([normal(*w.shape) for w in layer.weights])
    return layer


def by_hand(layer, query, value, mask):
    """The equations, one query, one step of the value at a time."""
    weight = {w.name: numpy(w).astype("float64") for w in layer.weights}
    vector = weight["vector"]
    if layer.normalize:
        vector = weight["gain"] * vector / np.sqrt((vector**2).sum())
    context = np.zeros((*query.shape[:2], value.shape[-1]))
    weights = np.zeros((*query.shape[:2], value.shape[1]))
    for row, kept in enumerate(mask):
        covered = np.zeros(value.shape[1])
        for t, q in enumerate(query[row]):
            energies = []
            for i in np.flatnonzero(kept):
                hidden = q @ weight["query_kernel"] + value[row, i] @ weight["value_kernel"]
                if layer.coverage:
                    hidden = hidden + weight["coverage_vector"] * covered[i]
                energies.append(vector @ np.tanh(hidden + weight.get("bias", 0)))
            exponentials = np.exp(energies)
            weights[row, t, kept] = exponentials / exponentials.sum()
            context[row, t] = weights[row, t] @ value[row]
            covered = covered + weights[row, t]
    return context, weights


@pytest.mark.parametrize("normalize, coverage", WAYS)
def test_is_the_equations_of_the_papers_whole_and_step_by_step(normalize, coverage):
    layer = made(normalize, coverage)
    query, value = normal(3, 5, 6), normal(3, 7, 8)
    context, weights = by_hand(layer, query, value, MASK)
    got = layer(query, value, value_mask=MASK, return_attention_scores=True)
    close(got[0], context)
    close(got[1], weights)
    attend = layer.bind(value, MASK)
    state = [ops.expand_dims(part, 1) for part in layer.begin_state(3, 7)]
    for t in range(5):
        one, _, state = attend(query[:, t : t + 1], state)
        close(one[:, 0], context[:, t])
    if coverage:
        close(state[0][:, 0], weights.sum(1))
    else:
        assert state == []


def test_queries_of_one_call_to_attend_have_a_coverage_each():
    layer = made(False, True)
    query, value, covered = normal(3, 2, 6), normal(3, 7, 8), np.abs(normal(3, 2, 7))
    both = layer.bind(value, MASK)(query, [ops.convert_to_tensor(covered)])
    for k in range(2):
        state = [ops.convert_to_tensor(covered[:, k : k + 1])]
        alone = layer.bind(value, MASK)(query[:, k : k + 1], state)
        close(both[0][:, k], alone[0][:, 0])
        close(both[2][0][:, k], alone[2][0][:, 0])


def test_coverage_turns_away_from_what_was_seen():
    layer = AdditiveAttention(1, coverage=True)
    query, value = np.zeros((1, 4, 1), "float32"), np.array([[[0.1], [0.0], [0.0]]], "float32")
    layer(query, value)
    values = {"query_kernel": 0, "value_kernel": 9, "vector": 9, "coverage_vector": -9, "bias": 0}
    layer.set_weights([np.full(w.shape, values[w.name], "float32") for w in layer.weights])
    _, weights = layer(query, value, return_attention_scores=True)
    weights = numpy(weights)[0]
    assert weights[0].argmax() == 0
    assert weights[1].argmax() != 0


def test_a_padded_query_covers_nothing():
    layer = made(True, True)
    query, value = normal(3, 5, 6), normal(3, 7, 8)
    keep = np.array([[1, 0, 1, 0, 1]] * 3, "bool")
    wanted = layer(query[:, ::2], value, value_mask=MASK)
    got = numpy(layer(query, value, value_mask=MASK, query_mask=keep))
    close(got[:, ::2], wanted)
    assert not got[:, 1::2].any()


@pytest.mark.parametrize("normalize, coverage", WAYS)
def test_a_row_that_may_attend_to_nothing_gets_zeros(normalize, coverage):
    layer = made(normalize, coverage)
    got = layer(normal(3, 5, 6), normal(3, 7, 8) * 1e4, MASK, return_attention_scores=True)
    for part in map(numpy, got):
        assert np.isfinite(part).all()
        assert not part[2].any()


def test_coverage_loss_is_the_equation_of_the_paper():
    weights = np.exp(normal(3, 5, 7))
    weights /= weights.sum(-1, keepdims=True)
    keep = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], "bool")
    loss = np.zeros((3, 5))
    for row in range(3):
        covered = np.zeros(7)
        for t in np.flatnonzero(keep[row]):
            loss[row, t] = np.minimum(weights[row, t], covered).sum()
            covered += weights[row, t]
    close(coverage_loss(weights, keep), loss)
    close(coverage_loss(weights)[0], loss[0])
    assert not numpy(coverage_loss(np.eye(5, dtype="float32")[None])).any()


def test_wrong_units_are_named():
    with pytest.raises(ValueError, match="`units` must be a positive integer, received 0"):
        AdditiveAttention(0)


@pytest.mark.parametrize("normalize, coverage, count", [(True, False, 5), (True, True, 6)])
def test_contract(normalize, coverage, count):
    check_layer(
        AdditiveAttention,
        {"units": 4, "normalize": normalize, "coverage": coverage},
        {"query": normal(3, 5, 6), "value": normal(3, 7, 8)},
        options={"return_attention_scores": True},
        masks={"query_mask": "query", "value_mask": "value"},
        trainable_weights=count,
    )

"""States of attentions are float32 in mixed precision, wherever a loop carries them."""

import keras
import numpy as np
import pytest
from keras import ops

from layers.attention import (
    AdditiveAttention,
    AttentionCell,
    MonotonicAdditiveAttention,
    MonotonicLuongAttention,
)
from layers.decoding import greedy
from layers.recurrent import LSTMCell, Recurrent, RecurrentDecoder

MEMORY = 256  # beside 1, a weight of 1 / MEMORY is half of what bfloat16 can add
STEPS = 64
POLICY = "mixed_bfloat16"


def zeros(*shape):
    return np.zeros(shape, "float32")


def numpy(x):
    return ops.convert_to_numpy(ops.cast(x, "float32"))


def uniform(attention):
    """An attention that weighs all steps alike, as weights of zero do."""
    attention.build((None, None, 2), (None, None, 1))
    attention.set_weights([zeros(*w.shape) for w in attention.weights])
    return attention


def test_coverage_grows_beyond_what_bfloat16_can_add():
    layer = uniform(AdditiveAttention(2, coverage=True, dtype=POLICY))
    attend = layer.bind(zeros(1, MEMORY, 1))
    state = [ops.expand_dims(part, 1) for part in layer.begin_state(1, MEMORY)]
    for _ in range(MEMORY + STEPS):
        _, weights, state = attend(zeros(1, 1, 2), state)
    assert keras.backend.standardize_dtype(weights.dtype) == "bfloat16"
    np.testing.assert_allclose(numpy(state[0]), 1 + STEPS / MEMORY, rtol=1e-5)


def test_a_score_is_computed_in_the_compute_dtype():
    layer = uniform(AdditiveAttention(2, coverage=True, dtype=POLICY))
    for weight in (layer.coverage_vector, layer.vector):
        weight.assign(np.ones(2))
    score = layer.bind_score(ops.zeros((1, MEMORY, 1), "bfloat16"))
    score = score(ops.zeros((1, 1, 2), "bfloat16"), [ops.full((1, 1, MEMORY), 0.5)])
    assert keras.backend.standardize_dtype(score.dtype) == "bfloat16"
    np.testing.assert_allclose(numpy(score), 2 * np.tanh(0.5), rtol=1e-2)


@pytest.mark.parametrize("masked", [False, True])
def test_a_cell_carries_it_through_the_loop(masked):
    attention = AdditiveAttention(2, coverage=True, dtype=POLICY)
    cell = AttentionCell(LSTMCell(2, dtype=POLICY), attention, dtype=POLICY)
    layer = Recurrent(cell, return_state=True, dtype=POLICY)
    x, memory = zeros(1, STEPS, 1), zeros(1, MEMORY, 1)
    states = [zeros(1, 2), zeros(1, 2), np.ones((1, MEMORY), "float32"), zeros(1, 2)]
    mask = np.ones((1, STEPS), bool) if masked else None
    *_, coverage, _ = layer(x, initial_state=states, mask=mask, memory=memory)
    np.testing.assert_allclose(numpy(coverage), 1 + STEPS / MEMORY, rtol=1e-5)


@pytest.mark.parametrize("cls", [MonotonicLuongAttention, MonotonicAdditiveAttention])
def test_an_alignment_loses_nothing_on_its_way(cls):
    ends = []
    for policy in ("float32", POLICY):
        options = {} if cls is MonotonicLuongAttention else {"units": 2, "coverage": True}
        layer = uniform(cls(**options, mode="soft", dtype=policy))
        attend = layer.bind(zeros(1, MEMORY, 1))
        state = [ops.expand_dims(part, 1) for part in layer.begin_state(1, MEMORY)]
        for _ in range(STEPS):
            _, _, state = attend(zeros(1, 1, 2), state)
        ends.append([numpy(part) for part in state])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("attention", [AdditiveAttention, MonotonicAdditiveAttention])
def test_a_decoder_hands_them_on_in_a_search(attention):
    decoder = RecurrentDecoder(LSTMCell(2), attention=attention(2, coverage=True), dtype=POLICY)
    memory = np.ones((2, MEMORY, 1), "float32")
    whole = decoder(zeros(2, 3, 1), memory)
    step, state = decoder.begin(memory)
    kept = [x for x in state if keras.backend.standardize_dtype(x.dtype) == "float32"]
    assert [tuple(x.shape) for x in kept] == [(2, MEMORY)] * decoder.cell.attention.state_count

    def next_token(tokens, state):
        outputs, state = step(ops.zeros((2, 1)), state)
        return ops.concatenate([outputs, outputs], axis=-1), state

    found = greedy(next_token, state, ops.zeros((2,), "int32"), 9, max_length=3)
    assert tuple(found.tokens.shape) == (2, 1, 3)
    assert np.isfinite(numpy(whole)).all()

"""A beam that leaves the caches of a Transformer where they are, beside one that moves them."""

import keras
import numpy as np
import pytest
from keras import ops

from layers.decoding import beam_search, greedy, sample, states
from layers.transformer import TransformerDecoder

VOCABULARY, UNITS, ROWS, LENGTH = 11, 8, 3, 11
END = 2
RNG = np.random.default_rng(3)
MEMORY = RNG.normal(size=(ROWS, 5, UNITS)).astype("float32")
MASK = np.arange(5) < np.array([[5], [3], [4]])
EMBEDDINGS = RNG.normal(size=(VOCABULARY, UNITS)).astype("float32")
START = np.array([1, 3, 4], "int32")
FIRST_STAGE = 4


@pytest.fixture(autouse=True)
def caches_grow(monkeypatch):
    monkeypatch.setattr(states, "FIRST_STAGE", FIRST_STAGE)


def decoder(**options):
    layer = TransformerDecoder(UNITS, layers=2, heads=2, hidden_units=8, **options)
    layer(np.zeros((1, 2, UNITS), "float32"), MEMORY[:1])
    for weight in layer.trainable_weights:
        weight.assign(RNG.normal(size=weight.shape) * 0.7)
    return layer


def steps(layer, plain, room=LENGTH):
    """`(step, state)` over tokens; `plain` without what the step says about its state."""
    inner, state = layer.begin(MEMORY, MASK, max_length=room, return_attention_scores=True)

    def step(tokens, state):
        outputs, state, weights = inner(ops.take(EMBEDDINGS, tokens, axis=0), state)
        return ops.matmul(outputs, np.transpose(EMBEDDINGS)), state, weights

    if not plain:
        vars(step).update(vars(inner))
    return step, state


@pytest.mark.parametrize(
    "options",
    [{}, {"positions": "relative", "window": 6}, {"positions": "alibi"}, {"key_value_heads": 1}],
    ids=str,
)
def test_a_beam_finds_the_same_without_moving_caches(options):
    layer = decoder(**options)
    found = [
        beam_search(
            *steps(layer, plain), START, END, LENGTH, width=4, hypotheses=3, memory_mask=MASK
        )
        for plain in (True, False)
    ]
    wanted, got = ([ops.convert_to_numpy(part) for part in one] for one in found)
    np.testing.assert_array_equal(got[0], wanted[0])
    np.testing.assert_array_equal(got[2], wanted[2])
    for one, other in ((got[1], wanted[1]), (got[3], wanted[3])):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert wanted[2].max() > 2 * FIRST_STAGE  # so that the caches had to grow twice


def test_a_search_makes_the_room_that_begin_did_not():
    layer = decoder()
    wanted, got = (
        beam_search(*steps(layer, False, room), START, END, LENGTH, width=3, memory_mask=MASK)
        for room in (LENGTH, 2)
    )
    assert ops.convert_to_numpy(wanted.lengths).max() > 2
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(*map(ops.convert_to_numpy, (one, other)))


@pytest.mark.parametrize("search", [greedy, sample])
def test_rows_that_go_their_own_way_find_the_same(search):
    layer, options = decoder(positions="rotary"), {} if search is greedy else {"samples": 2}
    if search is sample:
        options["seed"] = 7
    wanted, got = (
        search(*steps(layer, plain), START, END, LENGTH, memory_mask=MASK, **options)
        for plain in (True, False)
    )
    np.testing.assert_array_equal(*map(ops.convert_to_numpy, (got.tokens, wanted.tokens)))
    scores = [ops.convert_to_numpy(x) for x in (got.scores, wanted.scores)]
    np.testing.assert_allclose(*scores, atol=1e-5)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="a graph of TensorFlow")
def test_it_compiles_for_a_batch_of_unknown_size():
    import tensorflow as tf

    layer = decoder()

    @tf.function(input_signature=[tf.TensorSpec((None, 5, UNITS))], autograph=False)
    def search(memory):
        inner, state = layer.begin(memory, max_length=LENGTH)

        def step(tokens, state):
            outputs, state = inner(ops.take(EMBEDDINGS, tokens, axis=0), state)
            return ops.matmul(outputs, np.transpose(EMBEDDINGS)), state

        vars(step).update(vars(inner))
        start = tf.ones((tf.shape(memory)[0],), tf.int32)
        return beam_search(step, state, start, END, LENGTH, width=3).tokens

    both, one = search(MEMORY), search(MEMORY[1:2])
    np.testing.assert_array_equal(both[1:2], one)

"""Beam search over a recurrent decoder: each hypothesis is what reading it as a whole gives."""

import numpy as np
import pytest
from keras import ops

from layers.catalogue import ATTENTIONS
from layers.decoding import beam_search
from layers.recurrent import LSTMCell, RecurrentDecoder

BATCH, MEMORY, UNITS, FEATURES, VOCABULARY = 3, 7, 8, 6, 10
START, END, LENGTH, WIDTH, PENALTY = 2, 3, 8, 3, 1.0
MASK = np.arange(MEMORY) < np.array([[7], [3], [5]])
# Of the state of a decoder, the parts of one kind: two layers of LSTM, then the attention.
PARTS = {
    "all": slice(None),
    "cells": slice(0, 4),
    "attention": slice(4, -1),
    "fed": slice(-1, None),
}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


MEMORIES = normal(BATCH, MEMORY, FEATURES)
EMBEDDING, READOUT = normal(VOCABULARY, FEATURES), normal(UNITS, VOCABULARY)
READOUT[:, END] *= 2.1  # so that there is an end early and late


def made(attention):
    """A decoder of two layers whose weights are large enough for hypotheses to differ."""
    attention = ATTENTIONS[attention](UNITS)
    decoder = RecurrentDecoder(LSTMCell(UNITS), layers=2, attention=attention)
    decoder.build((None, None, FEATURES), (None, None, FEATURES))
    for index, weight in enumerate(decoder.trainable_weights):
        weight.assign(normal(*weight.shape, seed=100 + index) * 0.7)
    return decoder


def searched(decoder, left=None):
    """The hypotheses of a beam; `left` is the part of the state that is not reordered with it."""
    memory, mask = ops.convert_to_tensor(MEMORIES), ops.convert_to_tensor(MASK)
    decode, state = decoder.begin(memory, mask, return_attention_scores=True)

    def step(tokens, state):
        inputs = ops.take(ops.convert_to_tensor(EMBEDDING), tokens, axis=0)
        outputs, state, attention = decode(inputs, state)
        return ops.matmul(outputs, ops.convert_to_tensor(READOUT)), state, attention

    if left is not None:
        stays = range(len(state))[PARTS[left]]
        step.reorder = lambda state, parents: tuple(
            part if index in stays else ops.take(part, parents, axis=0)
            for index, part in enumerate(state)
        )
    return beam_search(
        step,
        state,
        ops.full((BATCH,), START, "int32"),
        END,
        LENGTH,
        WIDTH,
        length_penalty=PENALTY,
        hypotheses=WIDTH,
        memory_mask=mask,
        block_ngrams=2,  # or they go round in circles
    )


def read_as_a_whole(decoder, result):
    """The scores and the attention of the hypotheses, each beside a copy of its memory."""
    tokens, lengths = (numpy(x).reshape(BATCH * WIDTH, -1) for x in (result.tokens, result.lengths))
    read = np.concatenate([np.full_like(lengths, START), tokens[:, :-1]], axis=1)
    memory, mask = (np.repeat(x, WIDTH, axis=0) for x in (MEMORIES, MASK))
    outputs, weights = decoder(
        EMBEDDING[read], memory, memory_mask=mask, return_attention_scores=True
    )
    logits = numpy(outputs).astype("float64") @ READOUT
    log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    log_probs = np.take_along_axis(log_probs, tokens[..., None], axis=-1)
    kept = (np.arange(LENGTH) < lengths)[..., None]
    scores = (log_probs * kept).sum(axis=(1, 2)) / ((5 + lengths[:, 0]) / 6) ** PENALTY
    attention = numpy(weights)[:, 0] * kept
    return scores.reshape(BATCH, WIDTH), attention.reshape(BATCH, WIDTH, LENGTH, MEMORY)


CASES = ["general", "multi_head", "coverage", "monotonic"]
STATELESS = CASES[:2]


@pytest.mark.parametrize("name", CASES)
def test_hypotheses_are_what_reading_them_as_a_whole_gives(name):
    decoder = made(name)
    result = searched(decoder)
    scores, attention = read_as_a_whole(decoder, result)
    np.testing.assert_allclose(numpy(result.scores), scores, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(numpy(result.attention), attention, rtol=1e-5, atol=1e-5)
    # The case says something: hypotheses differ, in length too, and so does what they look at.
    assert all(len(np.unique(tokens, axis=0)) == WIDTH for tokens in numpy(result.tokens))
    lengths = numpy(result.lengths)
    assert np.ptp(lengths, axis=1).max() > 1, lengths
    assert len(np.unique(lengths)) > 2, lengths
    assert np.abs(attention[:, 0] - attention[:, 1]).max() > 0.1
    assert (attention.max(axis=2) > 0.1).sum() > BATCH * WIDTH  # more than one place for each


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (name, left)
        for name in CASES
        for left in PARTS
        if left != "attention" or name not in STATELESS
    ],
)
def test_hypotheses_take_the_place_of_others(name, left):
    """What is not reordered with its hypothesis gives scores that are not those of the whole."""
    decoder = made(name)
    result = searched(decoder, left)
    scores, _ = read_as_a_whole(decoder, result)
    assert np.abs(numpy(result.scores) - scores).max() > 1e-3

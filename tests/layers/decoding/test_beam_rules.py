"""The options of beam search: penalties, rules, attention."""

import keras
import numpy as np
import pytest
from decoding_reference import (
    END,
    START,
    AttentiveToy,
    Toy,
    assert_attention,
    assert_same,
    beam_of,
    best_of_all,
    compiled,
    found,
    permitted,
    score_of,
)
from keras import ops

from layers.decoding import beam_search, greedy

EVERYTHING = {"min_length": 3, "block_ngrams": 2, "forbidden": (0,)}


def split(rules):
    """The rules under the names of the layers."""
    rules = dict(rules)
    return {"forbidden_tokens": rules.pop("forbidden", ()), **rules}


def search(toy, width, rows=slice(None), alpha=0.6, beta=0.0, hypotheses=1, rules=None, **options):
    if isinstance(toy, AttentiveToy):
        options["memory_mask"] = toy.mask[rows]
    return beam_search(
        toy.step,
        toy.state(rows),
        toy.start(rows),
        END,
        toy.steps,
        width,
        length_penalty=alpha,
        coverage_penalty=beta,
        hypotheses=hypotheses,
        **split(rules or {}),
        **options,
    )


@pytest.mark.parametrize(
    "alpha, beta, rules",
    [
        (0.6, 0.5, {}),
        (0.0, 0.5, {}),
        (-0.5, 2.0, {"min_length": 2}),
        (0.0, 0.0, {"min_length": 3}),
        (1.0, 0.0, {"block_ngrams": 1}),
        (0.6, 0.2, {"block_ngrams": 2}),
        (1.0, 1.0, EVERYTHING),
    ],
)
def test_a_beam_of_every_sequence_is_exhaustive_search(alpha, beta, rules):
    toy = AttentiveToy(lengths=(3, 2), vocabulary=4, steps=4, seed=5, scale=1.0)
    free = [best_of_all(toy, sentence, 4, alpha) for sentence in range(2)]
    everything = [best_of_all(toy, sentence, 4, alpha, beta, **rules) for sentence in range(2)]
    assert everything != free, "the case needs options that change something"
    result = search(toy, len(free[0]), alpha=alpha, beta=beta, hypotheses=10, rules=rules)
    for sentence in range(2):
        assert_same(found(result, sentence), (everything[sentence] + [(-np.inf, ())] * 9)[:10])
    assert_attention(toy, result)


@pytest.mark.parametrize(
    "seed, width, alpha, beta, hypotheses, rules",
    [
        (1, 3, 0.6, 0.5, 3, {}),
        (2, 4, 1.0, 3.0, 2, {"block_ngrams": 1}),
        (3, 5, 0.0, 0.2, 1, {"min_length": 4}),
        (4, 4, 2.0, 1.0, 4, EVERYTHING),
        (5, 3, -0.5, 0.4, 1, EVERYTHING),
    ],
)
def test_equals_the_plain_search_that_never_stops_early(
    seed, width, alpha, beta, hypotheses, rules
):
    toy = AttentiveToy(lengths=(3, 1, 2, 3), seed=seed)
    result = search(toy, width, alpha=alpha, beta=beta, hypotheses=hypotheses, rules=rules)
    for sentence in range(toy.batch):
        wanted = beam_of(toy, sentence, toy.steps, width, alpha, hypotheses, beta, **rules)
        assert_same(found(result, sentence), wanted)
        for score, tokens in found(result, sentence):  # scored once, at its end
            np.testing.assert_allclose(
                score, score_of(toy, sentence, tokens, alpha, beta), rtol=1e-4
            )
            assert permitted(tokens, **rules)
    assert_attention(toy, result)


def test_stops_early_though_coverage_might_still_grow():
    """Coverage costs at least nothing, so a hypothesis that ended beats one with less to gain."""
    calls = []

    def step(tokens, state):
        calls.append(1)
        logits = ops.where(ops.arange(5) == END, 5.0, 0.0) + ops.zeros((ops.shape(tokens)[0], 1))
        return logits, state, ops.full((ops.shape(tokens)[0], 2), 0.5)

    start, mask = ops.full((1,), START, "int32"), np.ones((1, 2), bool)
    options = {"length_penalty": 0.0, "memory_mask": mask}
    weak = beam_search(step, (), start, END, 30, 2, coverage_penalty=0.1, **options)
    assert found(weak)[0][1] == (END,)
    if keras.config.backend() != "jax":  # eager: one call a step
        assert len(calls) == 1
    strong = beam_search(step, (), start, END, 30, 2, coverage_penalty=9.0, **options)
    [(score, tokens)] = found(strong)
    assert len(tokens) == 2 and score > np.log(0.5) * 2 * 9.0


def test_width_one_is_greedy_under_every_rule():
    toy = AttentiveToy(seed=6)
    beam = search(toy, 1, alpha=0.0, rules=EVERYTHING)
    plain = greedy(
        toy.step,
        toy.state(),
        toy.start(),
        END,
        toy.steps,
        memory_mask=toy.mask,
        **split(EVERYTHING),
    )
    for sentence in range(toy.batch):
        assert_same(found(beam, sentence), found(plain, sentence))
        assert_same(found(plain, sentence), beam_of(toy, sentence, toy.steps, 1, 0.0, **EVERYTHING))
    assert_attention(toy, beam)
    assert_attention(toy, plain)


def test_a_sentence_gets_in_a_batch_what_it_gets_alone():
    toy = AttentiveToy(seed=8)
    together = search(toy, 3, beta=0.5, hypotheses=2, rules=EVERYTHING)
    attention = ops.convert_to_numpy(together.attention)
    for sentence in range(toy.batch):
        rows = slice(sentence, sentence + 1)
        alone = search(toy, 3, rows=rows, beta=0.5, hypotheses=2, rules=EVERYTHING)
        assert_same(found(together, sentence), found(alone))
        np.testing.assert_allclose(
            attention[rows], ops.convert_to_numpy(alone.attention), rtol=1e-4, atol=1e-6
        )


def test_padding_of_the_memory_is_nothing():
    one, other = (AttentiveToy(seed=9, width=width) for width in (3, 5))
    short, long = (search(toy, 4, beta=1.0, hypotheses=2) for toy in (one, other))
    for sentence in range(one.batch):
        assert_same(found(short, sentence), found(long, sentence))
    short, long = (ops.convert_to_numpy(result.attention) for result in (short, long))
    np.testing.assert_allclose(short, long[..., :3], rtol=1e-4, atol=1e-6)
    assert not long[..., 3:].any()


def test_a_limit_holds_against_the_minimum_length():
    toy = Toy(seed=1)
    result = search(toy, 3, rules={"min_length": 4}, max_lengths=np.array([2, 4, 100]))
    lengths = ops.convert_to_numpy(result.lengths)[:, 0]
    assert lengths[0] == 2 and lengths[1] == 4 and lengths[2] >= 4


@pytest.mark.parametrize("strategy", [greedy, beam_search])
def test_where_the_rules_leave_nothing_there_is_nothing(strategy):
    """Three tokens that may come once each, and no end before the fifth."""
    toy = Toy(vocabulary=4, steps=6)
    options = {} if strategy is greedy else {"width": 2}
    result = strategy(
        toy.step,
        toy.state(),
        toy.start(),
        END,
        toy.steps,
        min_length=5,
        block_ngrams=1,
        pad_token=9,
        **options,
    )
    for sentence in range(toy.batch):
        assert found(result, sentence) == [(-np.inf, ())]
    assert np.all(ops.convert_to_numpy(result.tokens) == 9)


@pytest.mark.parametrize("xla", [False, True])
def test_compiled(xla):
    toy = AttentiveToy(seed=3)

    def decode(start, state, mask):
        options = {"coverage_penalty": 0.5, "hypotheses": 2, **split(EVERYTHING)}
        return beam_search(toy.step, state, start, END, toy.steps, 3, memory_mask=mask, **options)

    function = compiled(decode, xla)
    if function is None:
        pytest.skip("the backend does not compile in this way")
    inputs = toy.start(), toy.state(), ops.convert_to_tensor(toy.mask)
    one, other = decode(*inputs), function(*inputs)
    for sentence in range(toy.batch):
        assert_same(found(one, sentence), found(other, sentence))
    assert_attention(toy, other)


@pytest.mark.parametrize("strategy", [greedy, beam_search])
def test_compiled_for_any_batch_and_memory(strategy):
    """An exported model knows neither how many sentences come nor how long they are."""
    if keras.config.backend() != "tensorflow":
        pytest.skip("only TensorFlow has unknown sizes in a compiled function")
    import tensorflow as tf

    toys = [AttentiveToy(seed=3, lengths=lengths, width=3) for lengths in ((3, 1, 2), (3, 2))]
    options = split(EVERYTHING)
    if strategy is beam_search:
        options |= {"width": 3, "coverage_penalty": 0.5}

    def decode(bias, memory, mask):
        zeros = ops.zeros_like(bias[:, 0])
        state = {
            "bias": bias,
            "so far": (ops.cast(zeros, "int32"), ops.zeros_like(bias)[:, :, None]),
            "mask": mask,
            "memory": memory,
        }
        start = ops.cast(zeros, "int32") + START
        return strategy(toys[0].step, state, start, END, 6, memory_mask=mask, **options)

    shapes = ((6,), tf.float32), ((None,), tf.float32), ((None,), tf.bool)
    signature = [tf.TensorSpec([None, *shape], dtype) for shape, dtype in shapes]
    function = tf.function(decode, input_signature=signature, autograph=False)
    for toy in toys:
        one, other = (f(toy.bias, toy.memory, toy.mask) for f in (decode, function))
        for sentence in range(toy.batch):
            assert_same(found(one, sentence), found(other, sentence))
        np.testing.assert_allclose(one.attention, other.attention, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"coverage_penalty": -0.1}, "must not be negative"),
        ({"coverage_penalty": 0.1}, "needs a step that returns attention"),
        ({"memory_mask": np.ones((3, 2), bool)}, "returns no attention"),
    ],
)
def test_refuses_a_coverage_that_it_cannot_have(options, message):
    toy = Toy()
    with pytest.raises(ValueError, match=message):
        beam_search(toy.step, toy.state(), toy.start(), END, toy.steps, 2, **options)

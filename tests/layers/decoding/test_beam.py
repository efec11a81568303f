import keras
import numpy as np
import pytest
from decoding_reference import (
    END,
    START,
    Toy,
    assert_compiles,
    assert_same,
    beam_of,
    best_of_all,
    found,
    penalised,
)
from keras import ops

from layers.decoding import beam_search, greedy


def search(toy, width, rows=slice(None), **options):
    return beam_search(toy.step, toy.state(rows), toy.start(rows), END, toy.steps, width, **options)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_width_one_is_greedy(alpha):
    toy = Toy(seed=0, batch=8)
    beam = search(toy, 1, length_penalty=alpha)
    plain = greedy(toy.step, toy.state(), toy.start(), END, toy.steps)
    for sentence in range(toy.batch):
        [(score, tokens)] = found(plain, sentence)
        assert_same(found(beam, sentence), [(penalised(score, len(tokens), alpha), tokens)])


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0, -1.0])
def test_a_beam_of_every_sequence_is_exhaustive_search(alpha):
    toy = Toy(vocabulary=4, steps=4, batch=2, seed=5, scale=1.0)
    everything = [best_of_all(toy, sentence, 4, alpha) for sentence in range(2)]
    width = len(everything[0])
    result = search(toy, width, length_penalty=alpha, hypotheses=10)
    for sentence in range(2):
        assert_same(found(result, sentence), everything[sentence][:10])


def test_all_sequences_are_returned_and_the_rest_is_empty():
    toy = Toy(vocabulary=4, steps=2, batch=1, seed=5)
    everything = best_of_all(toy, 0, 2, 0.6)
    result = search(toy, len(everything) + 3, hypotheses=len(everything) + 2)
    *real, one, other = found(result)
    assert_same(real, everything)
    assert one == other == (-np.inf, ())
    assert not ops.convert_to_numpy(result.tokens)[0, -2:].any()


@pytest.mark.parametrize(
    "width, alpha, hypotheses", [(2, 0.0, 1), (3, 0.6, 3), (5, 1.0, 2), (4, 3.0, 1), (4, -0.5, 4)]
)
def test_equals_the_plain_search_that_never_stops_early(width, alpha, hypotheses):
    toy = Toy(seed=1, batch=6)
    result = search(toy, width, length_penalty=alpha, hypotheses=hypotheses)
    for sentence in range(toy.batch):
        wanted = beam_of(toy, sentence, toy.steps, width, alpha, hypotheses)
        assert_same(found(result, sentence), wanted)


def test_scores_are_those_of_the_tokens_returned():
    """True only where state and tokens were reordered alike."""
    toy = Toy(seed=7, vocabulary=9)
    result = search(toy, 4, length_penalty=0.6, hypotheses=4)
    for sentence in range(toy.batch):
        for score, tokens in found(result, sentence):
            wanted = penalised(toy.log_prob(sentence, tokens), len(tokens), 0.6)
            np.testing.assert_allclose(score, wanted, rtol=1e-4)


def test_a_sentence_gets_in_a_batch_what_it_gets_alone():
    toy = Toy(seed=8, batch=5)
    together = search(toy, 3, hypotheses=2)
    for sentence in (0, 1, 4):
        alone = search(toy, 3, rows=slice(sentence, sentence + 1), hypotheses=2)
        assert_same(found(together, sentence), found(alone))


def scripted(table):
    """A step that reads its log-probabilities off a table: token read -> {token: probability}."""
    size = 7
    probabilities = np.full((size, size), 1e-9, "float32")
    for token, row in table.items():
        for following, probability in row.items():
            probabilities[token, following] = probability
    logits = np.log(probabilities / probabilities.sum(-1, keepdims=True))
    calls = []

    def step(tokens, state):
        calls.append(1)
        return ops.take(ops.convert_to_tensor(logits), tokens, axis=0), state

    return step, calls


def test_a_hypothesis_that_ended_keeps_its_score():
    step, _ = scripted({START: {END: 0.4, 4: 0.6}, 4: {4: 0.5, 5: 0.5}, 5: {4: 1.0}})
    result = beam_search(
        step, (), ops.full((1,), START, "int32"), END, 6, 3, length_penalty=0.0, hypotheses=3
    )
    best, *others = found(result)
    assert_same([best], [(np.log(0.4), (END,))])
    assert all(len(tokens) == 6 and END not in tokens for _, tokens in others)


def test_stops_as_soon_as_nothing_can_beat_what_is_returned():
    step, calls = scripted({START: {END: 0.9, 4: 0.1}, 4: {4: 1.0}})
    start = ops.full((1,), START, "int32")
    result = beam_search(step, (), start, END, 40, 2, length_penalty=0.0)
    assert_same(found(result), [(np.log(0.9), (END,))])
    if keras.config.backend() != "jax":  # eager: one call a step
        assert len(calls) == 1


def test_goes_on_while_the_penalty_may_still_favour_a_longer_one():
    step, calls = scripted({START: {END: 0.6, 4: 0.4}, 4: {4: 0.999, END: 0.001}})
    start = ops.full((1,), START, "int32")
    [(score, tokens)] = found(beam_search(step, (), start, END, 12, 2, length_penalty=1.0))
    assert tokens == (4,) * 12
    assert score > np.log(0.6)


def test_forbidden_tokens():
    toy = Toy(seed=2)
    forbidden = (0, 1, 4)
    result = search(toy, 3, forbidden_tokens=forbidden, length_penalty=1.0, hypotheses=2)
    for sentence in range(toy.batch):
        wanted = beam_of(toy, sentence, toy.steps, 3, 1.0, 2, forbidden=forbidden)
        assert_same(found(result, sentence), wanted)


def test_limit_of_each_sentence():
    toy = Toy(seed=1)
    limits = np.array([1, 3, 100])
    result = search(toy, 3, max_lengths=limits, length_penalty=1.0)
    for sentence, limit in enumerate(limits):
        wanted = beam_of(toy, sentence, min(limit, toy.steps), 3, 1.0)
        assert_same(found(result, sentence), wanted)


def test_padding_follows_the_end_token():
    toy = Toy(seed=1)
    result = search(toy, 4, hypotheses=4, pad_token=9)
    tokens, lengths = ops.convert_to_numpy(result.tokens), ops.convert_to_numpy(result.lengths)
    assert tokens.dtype == lengths.dtype == "int32"
    assert np.array_equal(tokens == 9, np.arange(toy.steps) >= lengths[..., None])
    last = np.take_along_axis(tokens, lengths[..., None] - 1, axis=-1)[..., 0]
    assert np.all((last == END) | (lengths == toy.steps))


def test_end_token_at_once():
    step, _ = scripted({START: {END: 1.0}})
    result = beam_search(step, (), ops.full((2,), START, "int32"), END, 4, 3)
    assert ops.convert_to_numpy(result.tokens).tolist() == [[[END, 0, 0, 0]]] * 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_are_normalised_in_float32(dtype):
    """A thousand equal logits: the sum of their exponentials is beyond float16."""

    def step(tokens, state):
        return ops.ones((ops.shape(tokens)[0], 1000), dtype) * 8, state

    result = beam_search(step, (), ops.full((1,), START, "int32"), END, 3, 2, length_penalty=0.0)
    np.testing.assert_allclose(ops.convert_to_numpy(result.scores), 3 * -np.log(1000), rtol=1e-5)


@pytest.mark.parametrize("xla", [False, True])
def test_compiled(xla):
    toy = Toy(seed=3)

    def decode(start, state):
        return beam_search(toy.step, state, start, END, toy.steps, 3, 0.6, hypotheses=2)

    assert_compiles(decode, toy, xla)


@pytest.mark.parametrize("strategy", [greedy, beam_search])
def test_compiled_for_any_batch(strategy):
    """An exported model does not know how many sentences come."""
    if keras.config.backend() != "tensorflow":
        pytest.skip("only TensorFlow has unknown sizes in a compiled function")
    import tensorflow as tf

    toy = Toy(seed=3, batch=5)
    options = {} if strategy is greedy else {"width": 3}

    def decode(bias, limits):
        zeros = ops.zeros_like(bias[:, 0])
        state = {
            "bias": bias,
            "so far": (ops.cast(zeros, "int32"), ops.zeros_like(bias)[:, : toy.steps, None]),
        }
        start = ops.cast(zeros, "int32") + START
        return strategy(toy.step, state, start, END, toy.steps, max_lengths=limits, **options)

    signature = [tf.TensorSpec([None, toy.vocabulary]), tf.TensorSpec([None], tf.int32)]
    function = tf.function(decode, input_signature=signature, autograph=False)
    for batch in (5, 2):
        bias, limits = toy.bias[:batch], np.full(batch, 4, "int32")
        one, other = decode(ops.convert_to_tensor(bias), limits), function(bias, limits)
        for sentence in range(batch):
            assert_same(found(one, sentence), found(other, sentence))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"width": 0}, "width"),
        ({"max_length": 0}, "max_length"),
        ({"hypotheses": 4}, "4 hypotheses"),
    ],
)
def test_refuses_wrong_sizes(change, message):
    toy, sizes = Toy(), {"max_length": 5, "width": 3, **change}
    with pytest.raises(ValueError, match=message):
        beam_search(toy.step, toy.state(), toy.start(), END, **sizes)

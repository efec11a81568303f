import keras
import numpy as np
import pytest
from decoding_reference import (
    END,
    START,
    AttentiveToy,
    Toy,
    assert_compiles,
    assert_same,
    beam_of,
    found,
)
from keras import ops

from layers.decoding import greedy, sample


def test_takes_the_most_probable_token_at_each_step():
    toy = Toy(seed=0, batch=8)
    result = greedy(toy.step, toy.state(), toy.start(), END, toy.steps)
    for sentence in range(toy.batch):
        assert_same(found(result, sentence), beam_of(toy, sentence, toy.steps, 1, 0.0))


def test_shapes_dtypes_and_padding():
    toy = Toy(seed=1)
    result = greedy(toy.step, toy.state(), toy.start(), END, toy.steps, pad_token=9)
    assert result.attention is None
    tokens, scores, lengths = (ops.convert_to_numpy(x) for x in result[:3])
    assert tokens.shape == (toy.batch, 1, toy.steps) and tokens.dtype == "int32"
    assert scores.shape == lengths.shape == (toy.batch, 1)
    assert scores.dtype == "float32" and lengths.dtype == "int32"
    assert lengths.min() < toy.steps, "the case needs a row that ends early"
    padding = np.arange(toy.steps) >= lengths[..., None]
    assert np.array_equal(tokens == 9, padding)


def test_end_token_at_once():
    def step(tokens, state):
        return ops.one_hot(ops.full_like(tokens, END), 5) * 20.0, state

    result = greedy(step, (), ops.full((2,), START, "int32"), END, 4)
    assert ops.convert_to_numpy(result.tokens).tolist() == [[[END, 0, 0, 0]]] * 2
    assert ops.convert_to_numpy(result.lengths).tolist() == [[1], [1]]


def test_stops_when_every_row_has_ended():
    calls = []

    def step(tokens, state):
        calls.append(1)
        return ops.one_hot(ops.where(tokens == 4, END, 4), 5) * 20.0, state

    greedy(step, (), ops.full((2,), START, "int32"), END, 50)
    if keras.config.backend() != "jax":  # which traces a step once, however often it runs
        assert len(calls) == 2


@pytest.mark.parametrize("search", [greedy, sample])
def test_a_row_that_is_given_up_has_ended(search):
    calls = []

    def step(tokens, state):
        calls.append(1)
        return ops.zeros((2, 4)), state

    result = search(
        step,
        (),
        ops.full((2,), START, "int32"),
        END,
        50,
        forbidden_tokens=(0, 1),
        max_lengths=[1, 50],
        min_length=50,
        block_ngrams=1,  # so that nothing may follow what was chosen first
    )
    if keras.config.backend() != "jax":
        assert len(calls) == 2
    assert ops.convert_to_numpy(result.lengths).tolist() == [[1], [0]]
    assert ops.convert_to_numpy(result.scores)[1, 0] == -np.inf
    assert not ops.convert_to_numpy(result.tokens)[1].any()


def test_a_sentence_gets_in_a_batch_what_it_gets_alone():
    toy = AttentiveToy(seed=4)

    def decode(rows=slice(None)):
        mask = ops.convert_to_tensor(toy.mask[rows])
        rules = {"forbidden_tokens": (0,), "min_length": 2, "memory_mask": mask}
        return greedy(toy.step, toy.state(rows), toy.start(rows), END, toy.steps, **rules)

    together = decode()
    for sentence in range(toy.batch):
        alone = decode(slice(sentence, sentence + 1))
        assert_same(found(together, sentence), found(alone))
        one, other = (ops.convert_to_numpy(x.attention) for x in (together, alone))
        np.testing.assert_allclose(one[sentence], other[0], rtol=1e-4, atol=1e-6)


def test_forbidden_tokens_are_never_chosen_and_nothing_is_renormalised():
    toy = Toy(seed=2)
    forbidden = (0, 1, 4)
    result = greedy(toy.step, toy.state(), toy.start(), END, toy.steps, forbidden_tokens=forbidden)
    for sentence in range(toy.batch):
        wanted = beam_of(toy, sentence, toy.steps, 1, 0.0, forbidden=forbidden)
        assert_same(found(result, sentence), wanted)


def test_limit_of_each_row():
    toy = Toy(seed=1)
    whole = greedy(toy.step, toy.state(), toy.start(), END, toy.steps)
    limits = np.array([1, 3, 100])
    result = greedy(toy.step, toy.state(), toy.start(), END, toy.steps, max_lengths=limits)
    for sentence, limit in enumerate(limits):
        [(score, tokens)] = found(result, sentence)
        assert tokens == found(whole, sentence)[0][1][:limit]
        np.testing.assert_allclose(score, toy.log_prob(sentence, tokens), rtol=1e-4)


@pytest.mark.parametrize("xla", [False, True])
def test_compiled(xla):
    toy = Toy(seed=3)

    def decode(start, state):
        return greedy(toy.step, state, start, END, toy.steps, forbidden_tokens=(0,))

    assert_compiles(decode, toy, xla)


def test_refuses_a_length_below_one():
    toy = Toy()
    with pytest.raises(ValueError, match="max_length"):
        greedy(toy.step, toy.state(), toy.start(), END, 0)

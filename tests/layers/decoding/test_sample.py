import keras
import numpy as np
import pytest
from decoding_reference import (
    END,
    START,
    AttentiveToy,
    Toy,
    assert_attention,
    assert_compiles,
    assert_same,
    compiled,
    found,
    permitted,
)
from keras import ops

from layers.decoding import greedy, sample


def draw(toy, seed=0, **options):
    return sample(toy.step, toy.state(), toy.start(), END, toy.steps, seed=seed, **options)


def tokens_of(result):
    return ops.convert_to_numpy(result.tokens)


def critical(degrees):
    """What chi-square exceeds with a probability of 0.001 (Wilson & Hilferty 1931)."""
    spread = 2 / (9 * degrees)
    return degrees * (1 - spread + 3.09 * spread**0.5) ** 3


def assert_frequencies(counts, probabilities):
    """The counts are those of draws with the probabilities, and nothing impossible occurs."""
    possible = probabilities > 0
    assert not counts[~possible].any()
    expected = probabilities[possible] * counts.sum()
    assert expected.min() > 5, "chi-square needs more draws"
    statistic = ((counts[possible] - expected) ** 2 / expected).sum()
    assert statistic < critical(possible.sum() - 1)


def test_sequences_come_as_often_as_they_are_probable():
    toy = Toy(vocabulary=4, steps=2, batch=2, seed=3, scale=0.5)
    tokens = tokens_of(draw(toy, seed=1, samples=3000))
    sequences = [(END,)] + [(a, b) for a in range(3) for b in range(4)]
    for sentence in range(toy.batch):
        drawn = [(END,) if a == END else (a, b) for a, b in tokens[sentence].tolist()]
        counts = np.array([drawn.count(sequence) for sequence in sequences])
        wanted = [np.exp(toy.log_prob(sentence, sequence)) for sequence in sequences]
        assert_frequencies(counts, np.array(wanted))


def one_step(logits, draws=6000, seed=0, **options):
    """How often each token is drawn by a model of one step."""

    def step(tokens, state):
        return ops.broadcast_to(logits, (ops.shape(tokens)[0], len(logits))), state

    start = ops.full((1,), START, "int32")
    result = sample(step, (), start, 0, 1, samples=draws, seed=seed, **options)
    return np.bincount(tokens_of(result).ravel(), minlength=len(logits))


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


LOGITS = np.random.default_rng(0).normal(scale=0.6, size=100).astype("float32")


@pytest.mark.parametrize("temperature, forbidden", [(1.0, ()), (0.8, (3, 99)), (3.0, ())])
def test_temperature(temperature, forbidden):
    logits = LOGITS.astype("float64") / temperature
    logits[list(forbidden)] = -np.inf
    counts = one_step(LOGITS, temperature=temperature, forbidden_tokens=forbidden)
    assert_frequencies(counts, softmax(logits))


@pytest.mark.parametrize("top_k, top_p", [(5, 1.0), (0, 0.5), (10, 0.6), (1, 1.0), (0, 1e-6)])
def test_draws_never_leave_the_top(top_k, top_p):
    probabilities = softmax(LOGITS.astype("float64") / 0.7)
    order = np.argsort(-probabilities)
    kept = order[: top_k or None]
    share = np.cumsum(probabilities[kept]) / probabilities[kept].sum()
    kept = kept[: np.searchsorted(share, top_p) + 1]
    wanted = np.zeros(100)
    wanted[kept] = probabilities[kept] / probabilities[kept].sum()
    counts = one_step(LOGITS, temperature=0.7, top_k=top_k, top_p=top_p)
    if len(kept) == 1:
        assert counts[kept] == counts.sum()
    else:
        assert_frequencies(counts, wanted)


def test_a_top_of_what_the_rules_allow():
    best = np.argsort(-LOGITS)
    counts = one_step(LOGITS, draws=300, top_k=2, forbidden_tokens=best[:3].tolist())
    assert set(np.flatnonzero(counts)) == set(best[3:5])


@pytest.mark.parametrize("options", [{}, {"top_k": 3}])
def test_towards_temperature_zero_it_is_greedy(options):
    toy = Toy(seed=0, batch=8)
    drawn = draw(toy, temperature=1e-4, samples=2, **options)
    plain = greedy(toy.step, toy.state(), toy.start(), END, toy.steps)
    for sentence in range(toy.batch):
        assert_same(found(drawn, sentence), found(plain, sentence) * 2)


def test_same_seed_same_text_other_seed_other_text():
    toy = Toy(seed=1, batch=8, scale=0.5)
    one, same, other = (tokens_of(draw(toy, seed=seed)) for seed in (7, 7, 8))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_a_generator_goes_on():
    toy = Toy(seed=1, batch=8, scale=0.5)
    first, again = (keras.random.SeedGenerator(7) for _ in range(2))
    one, two, same = (tokens_of(draw(toy, seed=seed)) for seed in (first, first, again))
    assert np.array_equal(one, same) and not np.array_equal(one, two)


def test_a_sentence_gets_in_a_batch_what_it_gets_alone():
    toy = Toy(seed=1, batch=4, scale=0.5)
    together = tokens_of(draw(toy, samples=5))
    assert len({row.tobytes() for row in together.reshape(20, -1)}) > 4
    for sentence in range(4):
        alone = Toy(seed=1, batch=4, scale=0.5)
        alone.bias, alone.batch = alone.bias[sentence : sentence + 1], 1
        assert np.array_equal(tokens_of(draw(alone, samples=5))[0], together[sentence])


@pytest.mark.parametrize(
    "options",
    [{}, {"temperature": 2.0, "top_k": 4, "top_p": 0.9}],
    ids=["plain", "top"],
)
def test_scores_lengths_rules_and_attention(options):
    toy = AttentiveToy(seed=2, scale=0.4)
    rules = {"min_length": 3, "block_ngrams": 2}
    limits = np.array([2, 4, 100])
    result = draw(
        toy,
        samples=20,
        pad_token=9,
        forbidden_tokens=(0,),
        max_lengths=limits,
        memory_mask=toy.mask,
        **rules,
        **options,
    )
    assert result.tokens.shape == (3, 20, 6) and result.scores.shape == (3, 20)
    tokens, lengths = tokens_of(result), ops.convert_to_numpy(result.lengths)
    assert tokens.dtype == lengths.dtype == "int32"
    assert np.array_equal(tokens == 9, np.arange(toy.steps) >= lengths[..., None])
    for sentence, limit in enumerate(limits):
        drawn = found(result, sentence)
        assert len({text for _, text in drawn}) > 5
        for score, text in drawn:
            np.testing.assert_allclose(score, toy.log_prob(sentence, text), rtol=1e-4)
            assert permitted(text, forbidden=(0,), **rules)
            assert text[-1] == END or len(text) == min(limit, toy.steps)
    assert_attention(toy, result)


@pytest.mark.parametrize("options", [{}, {"top_p": 0.5}])
def test_where_the_rules_leave_nothing_there_is_nothing(options):
    """Three tokens that may come once each, and no end before the fifth."""
    toy = Toy(vocabulary=4, steps=6)
    result = draw(toy, min_length=5, block_ngrams=1, pad_token=9, **options)
    for sentence in range(toy.batch):
        assert found(result, sentence) == [(-np.inf, ())]
    assert np.all(tokens_of(result) == 9)


@pytest.mark.parametrize("options", [{}, {"top_p": 0.8}])
@pytest.mark.parametrize("xla", [False, True])
def test_compiled(xla, options, monkeypatch):
    """The same numbers make the same text; which numbers a seed makes is the backend's affair."""
    toy = Toy(seed=3, scale=0.5)
    numbers = np.random.default_rng(0).random((4, toy.steps)).astype("float32")
    monkeypatch.setattr(keras.random, "uniform", lambda *_, **__: ops.convert_to_tensor(numbers))

    def decode(start, state):
        return sample(toy.step, state, start, END, toy.steps, samples=4, block_ngrams=2, **options)

    assert_compiles(decode, toy, xla)


def test_compiled_with_its_own_numbers():
    toy = Toy(seed=3, scale=0.5)
    function = compiled(
        lambda start, state: sample(toy.step, state, start, END, toy.steps, samples=9, seed=1), True
    )
    if function is None:
        pytest.skip("the backend does not compile in this way")
    one, same = (function(toy.start(), toy.state()) for _ in range(2))
    assert np.array_equal(tokens_of(one), tokens_of(same))
    for sentence in range(toy.batch):
        assert len({text for _, text in found(one, sentence)}) > 1
        for score, text in found(one, sentence):
            np.testing.assert_allclose(score, toy.log_prob(sentence, text), rtol=1e-4)


def test_compiled_for_any_batch():
    if keras.config.backend() != "tensorflow":
        pytest.skip("only TensorFlow has unknown sizes in a compiled function")
    import tensorflow as tf

    seed = keras.random.SeedGenerator(1)

    def decode(start):
        step = lambda tokens, state: (tf.one_hot(tokens, 700), state)  # noqa: E731
        return sample(step, (), start, END, 5, samples=2, seed=seed, top_p=0.9)

    function = tf.function(
        decode, input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False
    )
    one, other = (function(np.full(batch, START, "int32")) for batch in (3, 7))
    assert one.tokens.shape == (3, 2, 5) and other.tokens.shape == (7, 2, 5)
    assert not np.array_equal(one.tokens, other.tokens[:3])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"temperature": 0.0}, "`greedy`"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_k": -1}, "top_k"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
        ({"samples": 0}, "samples"),
        ({"min_length": 7}, "min_length"),
    ],
)
def test_refuses_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        draw(Toy(), **options)

import numpy as np
import pytest
from decoding_reference import END, repeats
from keras import ops

from layers.decoding.constraints import Constraints, top_tokens


@pytest.mark.parametrize("vocabulary", [5, 64, 640, 1001])
@pytest.mark.parametrize("count", [1, 5])
def test_top_tokens_are_those_of_a_sort(vocabulary, count):
    logits = np.random.default_rng(0).normal(size=(7, vocabulary)).astype("float32")
    top, tokens = map(ops.convert_to_numpy, top_tokens(ops.convert_to_tensor(logits), count))
    wanted = np.argsort(-logits, axis=-1)[:, :count]
    assert np.array_equal(tokens, wanted)
    assert np.array_equal(top, np.take_along_axis(logits, wanted, axis=-1))


def test_top_tokens_from_one_group_alone():
    logits = -np.abs(np.random.default_rng(0).normal(size=(2, 1000))).astype("float32")
    logits[:, 100:104] = [4, 5, 6, 7]
    _, tokens = top_tokens(ops.convert_to_tensor(logits), 4)
    assert ops.convert_to_numpy(tokens).tolist() == [[103, 102, 101, 100]] * 2


def test_top_tokens_are_tokens_though_few_are_possible():
    logits = np.full((2, 1000), -np.inf, "float32")
    logits[:, 7] = 1.0
    top, tokens = map(ops.convert_to_numpy, top_tokens(ops.convert_to_tensor(logits), 4))
    assert tokens[:, 0].tolist() == [7, 7] and tokens.max() < 1000
    assert np.all(np.isneginf(top[:, 1:]))


def log_softmax(logits):
    return logits - np.log(np.exp(logits.astype("float64")).sum(-1, keepdims=True))


@pytest.mark.parametrize(
    "vocabulary, size, min_length, forbidden",
    [(12, 1, 1, ()), (1001, 2, 8, (10,)), (12, 3, 9, (0, 5))],
)
def test_what_is_allowed_is_what_breaks_no_rule(vocabulary, size, min_length, forbidden):
    """Of the 12 tokens that come at all, so that n-grams repeat; the others stay allowed."""
    rng = np.random.default_rng(size)
    index, rows = 7, 20
    tokens = rng.integers(4, 7, size=(rows, 12)).astype("int32")
    tokens[:, index:] = 9999  # what comes after is padding, even such as is no token
    logits = rng.normal(size=(rows, vocabulary)).astype("float32")
    logits[:, END] += 4.0
    rules = Constraints(END, 12, forbidden, min_length, size)
    now = ops.convert_to_tensor(index, "int32")
    history, given = ops.convert_to_tensor(tokens), ops.convert_to_tensor(logits)

    bad = np.zeros(logits.shape, bool)
    bad[:, list(forbidden)] = True
    bad[:, END] |= index + 1 < min_length
    for row in range(rows):
        past = tuple(tokens[row, :index].tolist())
        earlier = {past[i : i + size] for i in range(index - size + 1)}
        for token in range(vocabulary):
            bad[row, token] |= (*past[len(past) - size + 1 :], token) in earlier
    assert bad.any() and not bad.all(axis=-1).any()

    allowed = ops.convert_to_numpy(rules.allowed(given, history, now))
    np.testing.assert_array_equal(allowed, np.where(bad, -np.inf, logits))

    wanted = np.where(bad, -np.inf, log_softmax(logits))
    log_probs, found = map(ops.convert_to_numpy, rules.candidates(given, 2, history, now))
    for row in range(rows):
        best = np.argsort(-log_probs[row], kind="stable")[:2]
        assert found[row, best].tolist() == np.argsort(-wanted[row], kind="stable")[:2].tolist()
        np.testing.assert_allclose(log_probs[row], wanted[row, found[row]], rtol=1e-4, atol=1e-5)


def test_nothing_repeats_before_an_ngram_is_whole():
    rules = Constraints(END, 6, (), 1, 3)
    logits = np.zeros((1, 5), "float32")
    for index in range(4):
        tokens = ops.convert_to_tensor(np.full((1, 6), 4, "int32"))
        now = ops.convert_to_tensor(index, "int32")
        blocked = np.isneginf(ops.convert_to_numpy(rules.allowed(logits, tokens, now)))
        assert blocked.tolist() == [[False, False, False, False, index == 3]]


def test_the_reference_knows_a_repetition():
    assert repeats((1, 2, 1, 2), 2) and repeats((1, 1, 1), 2) and repeats((5, 5), 1)
    assert not repeats((1, 2, 2, 1), 2) and not repeats((1, 1, 1), 0)


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"max_length": 0}, "max_length"),
        ({"min_length": 0}, "min_length"),
        ({"min_length": 6}, "at most `max_length`, 5, not 6"),
        ({"block_ngrams": -1}, "block_ngrams"),
        ({"block_ngrams": 2.0}, "block_ngrams"),
    ],
)
def test_refuses_wrong_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        Constraints(
            END,
            **{
                "max_length": 5,
                "forbidden_tokens": (),
                "min_length": 1,
                "block_ngrams": 0,
                **sizes,
            },
        )

import numpy as np
import pytest
from keras import ops

from layers.decoding.hypotheses import candidates, penalty, top_tokens


def test_penalty_of_wu_et_al():
    np.testing.assert_allclose(ops.convert_to_numpy(penalty(1, 0.6)), 1.0)
    np.testing.assert_allclose(ops.convert_to_numpy(penalty(13, 0.5)), np.sqrt(3.0), rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(penalty(7, 0.0)), 1.0)


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


def test_candidates_keep_the_probability_that_the_model_gives():
    logits = np.random.default_rng(1).normal(size=(3, 700)).astype("float32")
    logits[:, [10, 20]] = 9.0, 8.0
    log_probs, tokens = map(
        ops.convert_to_numpy, candidates(ops.convert_to_tensor(logits), 2, (10,))
    )
    wanted = logits - np.log(np.exp(logits.astype("float64")).sum(-1, keepdims=True))
    assert tokens.shape == (3, 3)
    assert tokens[:, 0].tolist() == [10] * 3 and np.all(np.isneginf(log_probs[:, 0]))
    found = np.take_along_axis(wanted, tokens[:, 1:], axis=-1)
    np.testing.assert_allclose(log_probs[:, 1:], found, rtol=1e-5)

"""PhraseBag: presence and not number, no phrase across padding, the ratios of naive Bayes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from apps.sentiment import nbsvm
from apps.sentiment.phrases import (
    NO_PHRASE,
    KnownPhrases,
    PhraseBag,
    fit_phrases,
    fit_share,
    phrases,
)

PAD = 0
ROWS = [[5, 6, 7, 5, 6], [8, 5, 0, 0, 0], [9, 0, 0, 0, 0], [0, 0, 0, 0, 0]]


def of(rows, longest):
    """The set of phrases of each row, as keys."""
    ids = tf.constant(rows, tf.int32)
    keys = phrases(ids, ids != PAD, longest).numpy()
    assert keys.shape == (len(rows), longest, len(rows[0])) and keys.min() >= 0
    return [set(row[row != NO_PHRASE].tolist()) for row in keys]


def test_a_phrase_is_the_same_wherever_it_is():
    one, other = of([[5, 6, 7, 5, 6], [9, 5, 6, 7, 0]], 2)
    # 5, 6, 7, 56, 67, 75; and 9, 5, 6, 7, 95, 56, 67.
    assert len(one) == 6 and len(other) == 7 and len(one & other) == 5


def test_order_matters_within_a_phrase_alone():
    one, other = of([[5, 6, 7], [7, 6, 5]], 1)
    assert one == other
    one, other = of([[5, 6, 7], [7, 6, 5]], 2)
    assert len(one & other) == 3


def test_padding_is_no_part_of_a_phrase():
    assert of([[5, 6, 0, 0]], 3) == of([[5, 6]], 3)
    assert of([[0, 0]], 3) == [set()]


def test_phrases_longer_than_the_text():
    assert of([[5]], 4) == of([[5]], 1)


def test_no_two_phrases_share_a_key():
    rows = np.random.default_rng(0).integers(1, 30000, (1000, 300))
    words = {tuple(row[i : i + size]) for row in rows for size in (1, 2) for i in range(301 - size)}
    assert len(set().union(*of(rows, 2))) == len(words)


def batch(rows, labels):
    return tf.constant(rows), tf.constant(labels)


def test_phrases_are_weighed_as_nbsvm_does(monkeypatch):
    monkeypatch.setattr(nbsvm, "STRENGTHS", (0.1,))
    monkeypatch.setattr(nbsvm, "BETAS", (1.0,))
    rows, labels = [[5, 6, 0], [5, 7, 7], [6, 7, 8], [4, 4, 4]], [0, 1, 1, -1]
    train = [batch(rows[:2], labels[:2]), batch(rows[2:], labels[2:])]
    known = fit_phrases(train, train, 1, 3)
    assert np.all(np.diff(known.keys) > 0)
    # 8 is in a single text and 4 in none that counts.
    places = [np.flatnonzero(known.keys == of([[token]], 1)[0].pop())[0] for token in (5, 6, 7)]
    assert sorted(places) == [0, 1, 2] and len(known.keys) == 3
    present = sparse.csr_matrix([[1, 1, 0], [1, 0, 1], [0, 1, 1]])
    [machine] = nbsvm.trained(present, np.array(labels[:3]))
    np.testing.assert_allclose(known.weights[places, :2], machine.weights, atol=1e-4)
    np.testing.assert_allclose(known.biases[:2], machine.biases, atol=1e-4)
    # Of the third class there is no text.
    assert not known.weights[:, 2].any() and known.biases[2] <= known.biases.min()


def test_no_phrase_occurs_twice():
    train = [batch([[5, 6], [7, 8]], [0, 1])]
    known = fit_phrases(train, train, 1, 2)
    bag = PhraseBag(2, 1, len(known.keys))
    bag.build()
    bag.take(known)
    ids = train[0][0]
    np.testing.assert_allclose(bag.scores(ids, ids != PAD), [known.biases] * 2)


def test_the_share_is_that_of_the_lowest_log_loss():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 20000)
    truth = 2.0 * np.eye(3)[labels] + random.normal(size=(2, 20000, 3))
    # With noise of variance 1 the logits of each are twice what is seen; both count alike.
    memory, weaker = truth[0], truth[1] / 4
    assert fit_share(memory, weaker, labels) == pytest.approx(4, rel=0.06)
    assert fit_share(memory, random.normal(size=(20000, 3)), labels) < 0.05
    assert fit_share(memory, -memory, labels) >= 0


@pytest.fixture
def bag():
    """A bag that knows the phrases of two of the rows, with random weights."""
    random = np.random.default_rng(0)
    keys = np.array(sorted(set().union(*of(ROWS[:2], 2))))
    bag = PhraseBag(3, 2, len(keys))
    bag.build()
    bag.take(KnownPhrases(keys, random.normal(size=(len(keys), 3)), np.array([1.0, 2.0, 3.0])))
    bag.share.assign(0.5)
    return bag


def test_the_score_is_the_sum_over_known_phrases(bag):
    table = dict(zip(bag.keys.numpy(), bag.weights_of_phrases.numpy(), strict=True))
    ids = tf.constant(ROWS)
    wanted = np.array([[1.0, 2.0, 3.0]] * 4)
    for row, found in enumerate(of(ROWS, 2)):
        known = [table[key] for key in found if key in table]
        wanted[row] += np.sum(known, axis=0)
    assert not np.allclose(wanted[0], wanted[1]) and np.allclose(wanted[2], wanted[3])
    np.testing.assert_allclose(bag.scores(ids, ids != PAD), wanted, atol=1e-5)
    np.testing.assert_allclose(bag(ids, ids != PAD), 0.5 * wanted, atol=1e-5)


def test_the_shares_of_tokens_sum_to_the_score(bag):
    ids = tf.constant(ROWS)
    shares = bag.shares(ids, ids != PAD).numpy()
    wanted = bag(ids, ids != PAD).numpy() - 0.5 * bag.biases.numpy()
    np.testing.assert_allclose(shares.sum(axis=1), wanted, atol=1e-5)
    assert not shares[1, 2:].any() and not shares[2].any()
    # 8, 5, 85 of the second row: 8 gets its own and half of the last.
    table = dict(zip(bag.keys.numpy(), 0.5 * bag.weights_of_phrases.numpy(), strict=True))
    [eight], [both] = of([[8]], 1)[0], of([[8, 5]], 2)[0] - of([[8, 5]], 1)[0]
    np.testing.assert_allclose(shares[1, 0], table[eight] + table[both] / 2, atol=1e-5)


def test_a_phrase_shares_among_all_its_places(bag):
    ids = tf.constant(np.random.default_rng(1).integers(4, 10, (3, 30)) * (np.arange(30) < 25))
    keys = phrases(ids, ids != PAD, 2).numpy()
    table = dict(zip(bag.keys.numpy(), 0.5 * bag.weights_of_phrases.numpy(), strict=True))
    wanted = np.zeros((3, 30, 3))
    for row, size, at in np.ndindex(keys.shape):
        key = keys[row, size, at]
        times = np.count_nonzero(keys[row] == key)
        wanted[row, at : at + size + 1] += table.get(key, 0) / times / (size + 1)
    assert np.count_nonzero(wanted) > 50
    np.testing.assert_allclose(bag.shares(ids, ids != PAD), wanted, atol=1e-5)


def test_shares_need_memory_for_each_phrase_and_not_for_each_two(bag):
    ids = tf.TensorSpec((1, 1000), tf.int32)
    graph = tf.function(lambda ids: bag.shares(ids, ids != PAD)).get_concrete_function(ids).graph
    sizes = [out.shape.num_elements() for op in graph.get_operations() for out in op.outputs]
    assert 2000 <= max(size or 0 for size in sizes) < 10_000


def test_gradients_leave_it_alone_and_its_config_makes_it_again(bag):
    assert not bag.trainable_weights and len(bag.weights) == 4
    again = PhraseBag.from_config(bag.get_config())
    assert again.get_config() == bag.get_config() and not again.trainable
    assert keras.saving.get_registered_name(PhraseBag).startswith("apps.sentiment")

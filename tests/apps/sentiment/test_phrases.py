"""PhraseBag: presence and not number, no phrase across padding, the ratios of naive Bayes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from apps.sentiment.phrases import NO_PHRASE, KnownPhrases, PhraseBag, known_phrases, phrases

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


def test_ratios_are_those_of_the_paper():
    ids = tf.constant([[5, 6, 0], [5, 7, 7], [6, 7, 8], [4, 4, 4]])
    known = known_phrases([(ids, tf.constant([0, 1, 1, -1]))], 1, 2, PAD)
    assert np.all(np.diff(known.keys) > 0)
    # 8 is in a single text and 4 in none that counts. Texts of each class, one more each:
    p, q = {5: 2, 6: 2, 7: 1}, {5: 2, 6: 2, 7: 3}
    assert len(known.keys) == 3
    for token in p:
        [place] = np.flatnonzero(known.keys == next(iter(of([[token]], 1)[0])))
        wanted = np.log((p[token] / 5) / (q[token] / 7))
        np.testing.assert_allclose(known.ratios[place], [wanted, -wanted], rtol=1e-5)


@pytest.fixture
def bag():
    """A bag that knows the phrases of two of the rows, with random weights."""
    random = np.random.default_rng(0)
    keys = np.array(sorted(set().union(*of(ROWS[:2], 2))))
    bag = PhraseBag(3, 2, len(keys))
    bag.build()
    bag.take(KnownPhrases(keys, random.normal(size=(len(keys), 3)).astype("float32")))
    bag.weights_of_phrases.assign(random.normal(size=(len(keys), 3)))
    bag.bias.assign([1.0, 2.0, 3.0])
    return bag


def test_the_score_is_the_sum_over_known_phrases_by_the_root_of_their_number(bag):
    table = dict(zip(bag.keys.numpy(), (bag.weights_of_phrases * bag.ratios).numpy(), strict=True))
    ids = tf.constant(ROWS)
    wanted = np.array([[1.0, 2.0, 3.0]] * 4)
    for row, found in enumerate(of(ROWS, 2)):
        known = [table[key] for key in found if key in table]
        if known:
            wanted[row] += np.sum(known, axis=0) / np.sqrt(len(known))
    assert not np.allclose(wanted[0], wanted[1]) and np.allclose(wanted[2], wanted[3])
    np.testing.assert_allclose(bag(ids, ids != PAD), wanted, atol=1e-5)


def test_the_shares_of_tokens_sum_to_the_score(bag):
    ids = tf.constant(ROWS)
    shares = bag.shares(ids, ids != PAD).numpy()
    wanted = bag(ids, ids != PAD).numpy() - bag.bias.numpy()
    np.testing.assert_allclose(shares.sum(axis=1), wanted, atol=1e-5)
    assert not shares[1, 2:].any() and not shares[2].any()
    # 8, 5, 85 of the second row: 8 gets its own and half of the last.
    table = dict(zip(bag.keys.numpy(), (bag.weights_of_phrases * bag.ratios).numpy(), strict=True))
    [eight], [both] = of([[8]], 1)[0], of([[8, 5]], 2)[0] - of([[8, 5]], 1)[0]
    np.testing.assert_allclose(
        shares[1, 0], (table[eight] + table[both] / 2) / np.sqrt(3), atol=1e-5
    )


def test_it_begins_with_nothing_and_learns():
    ids, labels = tf.constant([[5, 6, 7], [5, 8, 7]] * 4), tf.constant([0, 1] * 4)
    known = known_phrases([(ids, labels)], 2, 2, PAD)
    bag = PhraseBag(2, 2, len(known.keys))
    bag.build()
    bag.take(known)
    assert not np.any(bag(ids, ids != PAD))
    assert [weight.path for weight in bag.trainable_weights] == [
        bag.weights_of_phrases.path,
        bag.bias.path,
    ]
    optimizer = keras.optimizers.Adam(0.1)
    for _ in range(20):
        with tf.GradientTape() as tape:
            logits = bag(ids, ids != PAD)
            loss = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        gradients = tape.gradient(loss, bag.trainable_weights)
        optimizer.apply_gradients(zip(gradients, bag.trainable_weights, strict=True))
    assert np.mean(loss) < 0.2


def test_dropout_and_config():
    ids = tf.range(1, 101)[None]
    bag = PhraseBag(2, 1, 100, dropout=0.5, seed=3)
    bag.build()
    keys = np.array(sorted(of(ids.numpy(), 1)[0]))
    bag.take(KnownPhrases(keys, np.ones((100, 2), "float32")))
    bag.weights_of_phrases.assign(tf.ones((100, 2)))
    kept = 5 * float(bag(ids, ids != PAD, training=True)[0, 0])  # twice as much each, by √100
    assert 30 < kept < 70
    assert float(bag(ids, ids != PAD)[0, 0]) == pytest.approx(10.0)
    again = PhraseBag.from_config(bag.get_config())
    assert again.get_config() == bag.get_config()
    assert keras.saving.get_registered_name(PhraseBag).startswith("apps.sentiment")

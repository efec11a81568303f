"""PhraseBag: presence and not number, no phrase across padding, the ratios of naive Bayes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from apps.sentiment.phrases import BUCKETS, PhraseBag, log_count_ratios, phrases

PAD = 0


def of(rows, longest):
    """The set of phrases of each row, as numbers."""
    ids = tf.constant(rows, tf.int32)
    buckets, present = (part.numpy() for part in phrases(ids, ids != PAD, longest))
    found = [row[kept] for row, kept in zip(buckets, present, strict=True)]
    assert all(len(set(row)) == len(row) for row in found)
    return [set(row.tolist()) for row in found]


def test_a_phrase_counts_once_wherever_it_is():
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


def test_few_phrases_share_a_number():
    random = np.random.default_rng(0)
    rows = random.permutation(np.arange(1, 20001)).reshape(100, 200)
    found = set().union(*of(rows, 2))
    expected = BUCKETS * (1 - (1 - 1 / BUCKETS) ** (100 * (200 + 199)))  # of a perfect hash
    assert len(found) >= 0.99 * expected


def test_ratios_are_those_of_the_paper():
    ids, labels = tf.constant([[5, 6, 0], [5, 7, 7], [6, 7, 0]]), tf.constant([0, 1, 1])
    ratios = log_count_ratios([(ids, labels)], 1, 2, PAD)
    bucket = {token: next(iter(of([[token]], 1)[0])) for token in (5, 6, 7)}
    # Texts of each class in which a token occurs, one more each, over all buckets.
    p = {5: 2, 6: 2, 7: 1}
    q = {5: 2, 6: 2, 7: 3}
    for token in (5, 6, 7):
        wanted = np.log((p[token] / (2 + BUCKETS)) / (q[token] / (4 + BUCKETS)))
        np.testing.assert_allclose(ratios[bucket[token]], [wanted, -wanted], rtol=1e-4)
    assert np.count_nonzero(ratios.any(axis=1)) == 3


def test_the_score_is_the_mean_of_weights_times_the_root_of_their_number():
    bag = PhraseBag(3, 2)
    bag.build()
    table = np.random.default_rng(0).normal(size=(BUCKETS, 3)).astype("float32")
    bag.table.assign(table)
    rows = [[5, 6, 7, 5], [8, 0, 0, 0], [0, 0, 0, 0]]
    ids = tf.constant(rows)
    wanted = [
        table[sorted(found)].sum(0) / np.sqrt(len(found)) if found else np.zeros(3)
        for found in of(rows, 2)
    ]
    np.testing.assert_allclose(bag(ids, ids != PAD), wanted, atol=1e-5)


def test_dropout_and_config():
    bag = PhraseBag(2, 1, dropout=0.5, seed=3)
    bag.build()
    bag.table.assign(tf.ones_like(bag.table))
    ids = tf.range(1, 101)[None]
    kept = 5 * float(bag(ids, ids != PAD, training=True)[0, 0])  # twice as much each, by √100
    assert 30 < kept < 70
    assert float(bag(ids, ids != PAD)[0, 0]) == pytest.approx(10.0)
    again = PhraseBag.from_config(bag.get_config())
    assert again.get_config() == bag.get_config()
    assert keras.saving.get_registered_name(PhraseBag).startswith("apps.sentiment")

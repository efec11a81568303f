"""Pre-training: what is predicted from what, and the softmax over drawn tokens."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from apps.sentiment import pretraining
from apps.sentiment.pretraining import Pretrainer, _next_tokens, sampled_losses
from data.tokenizer import END, PAD, START

VOCABULARY = 30


def make(task, memory="gru", vocabulary=VOCABULARY, **reader):
    reader = {"vocabulary": vocabulary, "memory": memory, "units": 8, **reader}
    model = Pretrainer(reader, task)
    model.build()
    return model


def batch(random, rows=3, time=6):
    ids = random.integers(END + 1, VOCABULARY, (rows, time)).astype("int32")
    ids[:, -1] = END
    return ids


def test_what_is_read_and_what_is_written():
    ids = tf.constant([[7, 8, END, PAD], [PAD] * 4])
    inputs, labels = _next_tokens(ids, tf.constant([1, -1]))
    np.testing.assert_array_equal(inputs["read"], ids)
    np.testing.assert_array_equal(inputs["written"], [[START, 7, 8, END], [PAD] * 4])
    np.testing.assert_array_equal(labels, ids)


@pytest.mark.parametrize("memory", ["gru", "transformer"])
def test_a_language_model_does_not_see_what_it_predicts(memory):
    options = {"layers": 1, "heads": 2, "hidden_units": 8} if memory == "transformer" else {}
    model = make("language_model", memory, direction="forward", options=options)
    ids = batch(np.random.default_rng(0))
    other = ids.copy()
    other[:, 3] = END + 1 + (ids[:, 3] - END) % (VOCABULARY - END - 1)
    one, two = (model(_next_tokens(tf.constant(x), None)[0]).numpy() for x in (ids, other))
    np.testing.assert_allclose(one[:, :4], two[:, :4], atol=1e-6)
    assert np.abs(one[:, 4:] - two[:, 4:]).max() > 1e-5


def test_an_autoencoder_sees_the_text_through_one_vector():
    model = make("autoencoder")
    ids = batch(np.random.default_rng(0))
    inputs = _next_tokens(tf.constant(ids), None)[0]
    before = model(inputs).numpy()
    other = ids.copy()
    other[:, 3] = END + 1 + (ids[:, 3] - END) % (VOCABULARY - END - 1)
    changed = model({**inputs, "read": tf.constant(other)}).numpy()
    assert np.abs(changed[:, 0] - before[:, 0]).max() > 1e-6  # what is written first knows of it


@pytest.mark.parametrize("task", ["language_model", "autoencoder"])
def test_padding_changes_nothing(task):
    direction = "forward" if task == "language_model" else "both"
    model = make(task, direction=direction)
    ids = batch(np.random.default_rng(0))
    more = np.concatenate([np.pad(ids, [[0, 0], [0, 3]]), np.full((1, 9), PAD, "int32")])
    found = [model.measure(*_next_tokens(tf.constant(x), None), False) for x in (ids, more)]
    assert found[0][1] == found[1][1] == ids.size
    assert float(found[0][0]["nll"]) == pytest.approx(float(found[1][0]["nll"]), rel=1e-5)


def test_it_learns_and_is_saved(tmp_path):
    model = make("autoencoder")
    ids = tf.constant(batch(np.random.default_rng(0)))
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    losses = []
    for _ in range(30):
        model.reset_metrics()
        losses.append(float(model.train_step(_next_tokens(ids, None))["loss"]))
    assert losses[-1] < 0.7 * losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    inputs = _next_tokens(ids, None)[0]
    np.testing.assert_allclose(model(inputs), again(inputs), atol=1e-6)


def test_the_softmax_over_drawn_tokens():
    random = np.random.default_rng(1)
    hidden, embeddings = (random.normal(size=(n, 4)).astype("float32") for n in (5, VOCABULARY))
    labels, drawn = np.array([0, 3, 29, 7, 3]), np.array([3, 3, 12, 0, 25, 8])
    share = np.bincount(labels, minlength=VOCABULARY) / len(labels)
    expected = len(drawn) * (share / 2 + 1 / (2 * VOCABULARY))
    wanted = []
    for vector, label in zip(hidden, labels, strict=True):
        scores = embeddings @ vector - np.log(expected)
        rivals = [scores[token] for token in drawn if token != label]
        wanted.append(np.log(np.exp([scores[label], *rivals]).sum()) - scores[label])
    found = sampled_losses(hidden, tf.constant(embeddings), tf.constant(labels), tf.constant(drawn))
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_tokens_are_drawn_as_often_as_the_correction_says(monkeypatch):
    monkeypatch.setattr(pretraining, "SAMPLED", 200_000)
    labels = np.array([5, 5, 5, 9, 12, 12, 29, 4])
    drawn = make("autoencoder")._draw(tf.constant(labels, tf.int32)).numpy()
    share = np.bincount(labels, minlength=VOCABULARY) / len(labels)
    expected = share / 2 + 1 / (2 * VOCABULARY)
    found = np.bincount(drawn, minlength=VOCABULARY) / len(drawn)
    np.testing.assert_allclose(found, expected, atol=5 * np.sqrt(expected.max() / len(drawn)))


def test_a_large_vocabulary_is_drawn_from_in_training_alone(monkeypatch):
    monkeypatch.setattr(pretraining, "SAMPLED", 4)
    model = make("autoencoder")
    inputs, labels = _next_tokens(tf.constant(batch(np.random.default_rng(0))), None)
    plain = [float(model.measure(inputs, labels, False)[0]["nll"]) for _ in range(2)]
    drawn = [float(model.measure(inputs, labels, True)[0]["nll"]) for _ in range(2)]
    assert plain[0] == plain[1]
    assert drawn[0] != drawn[1] and drawn[0] != plain[0]

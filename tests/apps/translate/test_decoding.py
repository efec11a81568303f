"""What the settings of decoding do to the translations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from apps.harness.run_folder import RunFolder
from apps.translate.__main__ import APP
from apps.translate.config import DecodeConfig
from apps.translate.model import Translator
from apps.translate.search import Exported, Searcher, search, seed_of
from data.tokenizer import END, PAD, START

VOCABULARY = 40


@pytest.fixture
def make_model(options):
    """`make_model(memory)`: an untrained model."""

    def make(memory):
        keras.utils.set_random_seed(5)
        model = Translator(VOCABULARY, memory, 16, 0.0, options[memory])
        model.build()
        return model

    return make


@pytest.fixture
def model(make_model):
    return make_model("lstm")


@pytest.fixture
def source():
    ids = np.random.default_rng(0).integers(END + 1, VOCABULARY, (3, 6)).astype("int32")
    ids[0, 5], ids[1, 3], ids[2, 4] = END, END, END
    ids[1, 4:], ids[2, 5:] = PAD, PAD
    return ids


@pytest.mark.parametrize("memory", ["transformer", "lstm"])
def test_the_coverage_penalty_is_that_of_the_attention(make_model, memory, source):
    model = make_model(memory)
    settings = DecodeConfig(beam=3, length_penalty=0.5, coverage_penalty=2.0, max_length=5)
    tokens, scores = search(model, tf.constant(source), settings, 5, hypotheses=2)
    for place in range(2):
        found = tokens[:, place].numpy()
        read = np.concatenate([np.full((3, 1), START), found[:, :-1]], axis=1)
        log_probs = tf.nn.log_softmax(model({"source": source, "target": read}))
        log_probs = tf.gather(log_probs, found, batch_dims=2).numpy()
        attention = model.attention(source, read).numpy().mean(axis=1)
        for row in range(3):
            length = np.count_nonzero(found[row] != PAD)
            coverage = attention[row, :length].sum(axis=0)[source[row] != PAD]
            wanted = log_probs[row, :length].sum() / ((5 + length) / 6) ** 0.5
            wanted += 2.0 * np.log(np.minimum(coverage, 1.0)).sum()
            assert float(scores[row, place]) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("settings", [{"beam": 1}, {"beam": 3}, {"sample": True}])
def test_rules(model, source, settings):
    settings = DecodeConfig(block_ngrams=1, min_length=5, max_length=7, **settings)
    tokens, _ = search(model, tf.constant(source), settings, 7)
    for row in tokens[:, 0].numpy():
        row = row[row != PAD]
        assert len(row) >= 5 and len(set(row.tolist())) == len(row)


def sampled(model, source, seed=1, **settings):
    settings = DecodeConfig(sample=True, seed=seed, **settings)
    tokens, _ = search(model, tf.constant(source), settings, 4, 2, seed=seed_of(settings))
    return tokens.numpy().tolist()


def test_samples_repeat_with_their_seed(model, source):
    one, same, other = (sampled(model, source, seed) for seed in (1, 1, 2))
    assert one == same != other
    assert one[0][0] != one[0][1]


def test_samples_from_the_very_top_are_greedy(model, source):
    greedy, _ = search(model, tf.constant(source), DecodeConfig(beam=1), 4)
    for top in ({"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-5}):
        assert sampled(model, source, **top) == np.repeat(greedy, 2, axis=1).tolist()


@pytest.fixture
def untrained(make_config, tmp_path):
    """A configuration that samples, and the model and tokenizer that training would start from."""
    config = make_config("lstm", decode={"sample": True, "max_length": 8})
    data = APP.prepare(config, RunFolder(tmp_path / "run"))
    return config, APP.build(config, data), data.tokenizer


def test_every_batch_is_drawn_anew(untrained):
    config, model, tokenizer = untrained
    respond = Searcher(model, tokenizer, config.decode, 40)
    one, other = ([answer.text for answer in respond(["Hello.", "No?"])] for _ in range(2))
    assert one != other


def test_an_export_can_sample(untrained, tmp_path):
    tf.saved_model.save(Exported(*untrained), tmp_path / "saved_model")
    served = tf.saved_model.load(tmp_path / "saved_model")
    one, other = (served.serve(["Where is my key?"] * 4)["translations"] for _ in range(2))
    assert one.shape == (4,) and one.numpy().tolist() != other.numpy().tolist()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"min_length": 9, "max_length": 8}, "decode.min_length, 9"),
        ({"top_p": 0.9}, "decode.sample"),
        ({"sample": True, "top_p": 0.0}, "top_p"),
        ({"sample": True, "temperature": 0.0}, "temperature"),
        ({"coverage_penalty": -1.0}, "coverage_penalty"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        DecodeConfig(**settings)

"""The app as a whole: it learns, padding is nothing to it, it explains itself, it travels."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from apps.harness.evaluate import evaluate
from apps.harness.export import export
from apps.harness.run_folder import RunFolder, run_folder
from apps.harness.train import train
from apps.sentiment.__main__ import APP
from apps.sentiment.data import prepare
from apps.sentiment.explain import Explainer, explainer
from apps.sentiment.metrics import MEASURES
from apps.sentiment.model import Classifier, build
from apps.sentiment.phrases import fit_phrases
from apps.sentiment.predictor import predictor
from data.labelled_batches import NO_LABEL
from data.tokenizer import END, PAD
from layers.catalogue import MEMORIES

VOCABULARY = 40


@pytest.fixture(scope="module")
def texts(reviews):
    return [text for _, text in reviews]


# One of each kind: the other memories differ from an LSTM in their cell alone.
@pytest.fixture(params=["transformer", "lstm"])
def trained(request, trained_with):
    return trained_with(request.param)


def test_it_overfits_ten_examples(trained, reviews):
    config, run = trained
    evaluate(APP, run, "test", None, {})
    metrics = json.loads(run.metrics.read_text())
    details = metrics["details"]["test"]
    assert metrics["test"]["accuracy"] == details["classes"]["bad"]["recall"] == 1.0
    assert metrics["test"]["nbsvm_accuracy"] == metrics["test"]["tfidf_lr_p"] == 1.0
    assert set(metrics["test"]) <= set(MEASURES)
    assert details["confusion"] == [[5, 0], [0, 5]] and details["cut"] == 0
    assert list(details["typing_errors_percent"]) == ["0", "5", "10"]
    assert details["typing_errors_percent"]["0"]["f1_macro"] == metrics["test"]["f1_macro"]
    assert metrics["test"]["temperature"] == metrics["validation"]["temperature"]
    rows = [json.loads(line) for line in (run.path / "test.jsonl").read_text().splitlines()]
    assert [(row["label"], row["text"]) for row in rows] == list(reviews)


def test_prediction_is_the_same_alone_and_in_company(trained, reviews, texts):
    config, run = trained
    respond = predictor(config, run, run.load_model(), n_best=2)
    together = respond(texts)
    assert [answer.text for answer in together] == [label for label, _ in reviews]
    for text, answer in zip(texts, together, strict=True):
        (alone,) = respond([text])
        assert alone.text == answer.text
        assert alone.score == pytest.approx(answer.score, abs=1e-5)
        assert answer.line == f"{answer.text}\t{answer.score:.3f}"
        assert sum(score for _, score in answer.alternatives) == pytest.approx(1.0, abs=1e-5)


def test_markup_is_nothing_to_it(trained, texts):
    config, run = trained
    respond = predictor(config, run, run.load_model())
    plain, marked = respond([texts[0], f"<p>{texts[0]}<br /></p>"])
    assert marked.text == plain.text
    assert marked.score == pytest.approx(plain.score, abs=1e-6)


def test_explanations_give_the_text_back(trained, texts):
    config, run = trained
    model = run.load_model()
    respond, explain = predictor(config, run, model), explainer(config, run, model)
    texts = [texts[2], " ".join(texts)]  # the second one is cut
    for text, answer in zip(texts, explain(texts, respond(texts)), strict=True):
        assert "".join(word for word, _ in answer.words) == text
        assert any(weight for _, weight in answer.words)
        assert all(weight == 0 for word, weight in answer.words if word.isspace())


def test_integrated_gradients_are_complete(trained, texts):
    """Sundararajan et al. 2017, proposition 1: they sum to the change of the score."""
    config, run = trained
    model, data = run.load_model(), prepare(config, run)
    config = config.model_copy(
        update={"explanation": config.explanation.model_copy(update={"steps": 200})}
    )
    explain = Explainer(config, model, data.tokenizer, "gradients")
    ids = tf.concat([data.tokenizer.tokenize([texts[4]]).to_tensor(), [[END]]], axis=1)
    weights = explain._weigh(ids, 1).numpy()
    embedded = model.reader.embed(ids)
    ends = [model.logits_of(x, ids)[0].numpy() for x in (embedded, tf.zeros_like(embedded))]
    scores = [logits[1] - logits[0] for logits in ends]
    assert weights.sum() == pytest.approx(scores[0] - scores[1], rel=0.02)


def test_the_export_answers_without_this_project(trained, texts, tmp_path):
    config, run = trained
    export(APP, run, {})
    program = (
        "import sys, tensorflow as tf, tensorflow_text\n"
        "served = tf.saved_model.load(sys.argv[1])\n"
        "found = served.serve(tf.constant(sys.argv[2:]))\n"
        "print([text.decode() for text in found['labels'].numpy()])\n"
        "assert not {'layers', 'apps', 'data'} & set(sys.modules), 'more was needed'\n"
    )
    marked = texts[0].replace(" ", "\n<br/>\t").replace("minute", "min<i>ute</i>")
    words = [f"<b>{marked}</b>", texts[1]]
    done = subprocess.run(
        [sys.executable, "-c", program, str(run.saved_model.resolve()), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "['good', 'bad']" in done.stdout


@pytest.fixture(params=list(MEMORIES))
def model(request, options):
    keras.utils.set_random_seed(5)
    return make(request.param, options[request.param])


def make(memory, options, pooling="attention", phrases=0, **reader):
    reader = {
        "vocabulary": VOCABULARY, "memory": memory, "units": 16, "options": options, **reader
    }  # fmt: skip
    random, known = np.random.default_rng(1), None
    if phrases:
        labels = tf.constant(random.integers(0, 3, 64))
        texts = [(tf.constant(ids(random, 64, 12)), labels)]
        known = fit_phrases(texts, texts, phrases, 3)
    model = Classifier(
        reader,
        ("no", "perhaps", "yes"),
        pooling,
        phrases,
        known_phrases=len(known.keys) if known else 0,
    )
    model.build()
    if known:
        model.bag.take(known)
        model.bag.share.assign(0.7)
    return model


def ids(random, rows, time):
    return random.integers(END + 1, VOCABULARY, (rows, time)).astype("int32")


def pad(rows, by):
    return np.pad(rows, [[0, 0], [0, by]], constant_values=PAD)


def test_padding_changes_nothing(model):
    tokens, labels = ids(np.random.default_rng(0), 3, 7), np.array([0, 2, 1], "int32")
    sums, items = model.measure(tokens, tf.constant(labels), False)
    # More steps, and a row that is there to fill up.
    more = np.concatenate([pad(tokens, 5), np.full((1, 12), PAD, "int32")])
    padded, same = model.measure(more, tf.constant([*labels, NO_LABEL]), False)
    assert items == same == 3
    for name in sums:
        assert float(padded[name]) == pytest.approx(float(sums[name]), rel=1e-4)


def test_every_token_matters(model):
    tokens = ids(np.random.default_rng(0), 2, 7)
    before = model(tokens).numpy()
    for step in range(7):
        other = tokens.copy()
        other[:, step] = END + 1 + (tokens[:, step] - END) % (VOCABULARY - END - 1)
        assert np.abs(model(other).numpy() - before).max() > 1e-5


def test_tokens_that_are_looked_up_are_classified_alike(model):
    tokens = pad(np.repeat(ids(np.random.default_rng(0), 2, 4), 3, axis=1), 3)
    np.testing.assert_allclose(model.classify(tokens), model(tokens), atol=1e-5)


def test_a_saved_model_is_the_same(model, tmp_path):
    tokens = ids(np.random.default_rng(0), 2, 6)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model(tokens).numpy(), again(tokens).numpy(), atol=1e-6)
    assert again.classes == model.classes


VARIANTS = {
    "last": {"pooling": "last"},
    "last, forward": {"pooling": "last", "direction": "forward"},
    "max": {"pooling": "max"},
    "mean": {"pooling": "mean"},
    "phrases": {"phrases": 3},
    "projected": {"embedding_units": 6},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("memory", ["lstm", "transformer"])
def test_every_variant_trains_saves_and_ignores_padding(memory, variant, options, tmp_path):
    model = make(memory, options[memory], **VARIANTS[variant])
    tokens, labels = ids(np.random.default_rng(0), 6, 7), tf.constant([0, 1, 2, 0, 1, 2])
    before = model(tokens).numpy()
    np.testing.assert_allclose(model(pad(tokens, 4)).numpy(), before, atol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(tokens).numpy(), before, atol=1e-6)
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    losses = []
    for _ in range(40):
        model.reset_metrics()
        losses.append(float(model.train_step((tokens, labels))["loss"]))
    assert losses[-1] < 0.6 * losses[0]


def test_labels_are_weighed_and_smoothed_in_training_alone():
    model = make("gru", {})
    tokens, labels = ids(np.random.default_rng(0), 4, 5), tf.constant([0, 1, 2, 2])
    log_probs = np.log(tf.nn.softmax(model(tokens)).numpy())
    plain = -log_probs[np.arange(4), labels]
    assert float(model.measure(tokens, labels, True)[0]["loss"]) == pytest.approx(
        plain.sum(), rel=1e-5
    )
    model.label_smoothing, model.class_weights = 0.2, [1.0, 3.0, 0.5]
    wanted = (0.8 * plain - 0.2 * log_probs.mean(1)) * np.array([1, 3, 0.5, 0.5])
    assert float(model.measure(tokens, labels, True)[0]["loss"]) == pytest.approx(
        wanted.sum(), rel=1e-5
    )
    assert float(model.measure(tokens, labels, False)[0]["loss"]) == pytest.approx(
        plain.sum(), rel=1e-5
    )


def test_hidden_words_are_hidden_in_training_alone():
    model = make("gru", {}, word_dropout=0.5)
    tokens = ids(np.random.default_rng(0), 4, 5)
    np.testing.assert_array_equal(model(tokens), model(tokens))
    assert np.abs(model(tokens, training=True) - model(tokens)).max() > 1e-4


@pytest.mark.parametrize(
    "sections",
    [
        {"train": {"xla": True}, "model": {"ngrams": 2}},
        {"train": {"precision": "mixed_bfloat16"}, "model": {"pooling": "max"}},
        {"train": {"precision": "mixed_float16"}, "data": {"keep": "tail"}},
        {"train": {"class_weights": True}, "model": {"ngrams": 2, "dropout": 0.3}},
        {"data": {"merge_dropout": 0.1, "keep": "head+tail", "max_length": 6}},
        {"train": {"pretrain": "autoencoder", "pretrain_epochs": 1, "xla": True}},
        {
            "train": {"pretrain": "language_model", "pretrain_epochs": 1},
            "model": {"direction": "forward", "pooling": "last"},
        },
    ],
    ids=str,
)
def test_one_epoch_of_every_setting(make_config, tmp_path, sections):
    run, corpus = RunFolder(tmp_path / "run"), tmp_path / "one.csv"
    # All of one length, as XLA compiles every shape.
    lines = [f"{a} {b} {c},{c}\n" for a in "abcd" for b in "efgh" for c in ("yes", "noo")]
    corpus.write_text("".join(["text,label\n", *lines]))
    files = dict.fromkeys(("train", "validation", "test"), str(corpus))
    data = {**files, "vocabulary": 20, **sections.get("data", {})}
    settings = {"epochs": 1, **sections.get("train", {})}
    train(APP, make_config("rnn", **{**sections, "data": data, "train": settings}), run)
    figures = json.loads(run.metrics.read_text())
    assert figures["training"]["epochs"] == 1 and np.isfinite(figures["validation"]["accuracy"])
    if "ngrams" in sections.get("model", {}):  # a single word tells the class
        assert run.load_model().bag.share > 0 and figures["validation"]["accuracy"] == 1


def test_a_pretraining_gives_the_reader_its_weights(make_config, tmp_path):
    settings = {"epochs": 1, "pretrain": "autoencoder", "pretrain_epochs": 2}
    config, run = make_config(train=settings), run_folder(tmp_path, APP.name, "run")
    run.open(config)
    model = build(config, prepare(config, run))
    seconds = APP.warm_start(config, run, model)
    inner = run.path / "run-pretraining"
    learnt = keras.models.load_model(inner / "model.keras").reader
    for ours, theirs in zip(model.reader.get_weights(), learnt.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    metrics = json.loads((inner / "metrics.json").read_text())
    assert metrics["training"]["train_seconds"] == seconds > 0
    assert metrics["validation"]["perplexity"] < config.data.vocabulary  # what a guess has
    # Killed before the first checkpoint of its own, the run still has what it learnt first.
    run.open(config)
    assert inner.is_dir()
    again = build(config, prepare(config, run))
    assert APP.warm_start(config, run, again) == seconds

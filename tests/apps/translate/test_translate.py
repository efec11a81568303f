"""The app as a whole: it learns, it does not peek, padding is nothing to it, it travels."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from apps.harness.checkpoint import load_checkpoint
from apps.harness.evaluate import evaluate
from apps.harness.export import export
from apps.harness.optimizer import make_optimizer
from apps.harness.run_folder import RunFolder, run_folder
from apps.harness.train import train
from apps.translate.__main__ import APP
from apps.translate.model import Translator
from apps.translate.search import predictor
from data.tokenizer import END, PAD, START
from layers.catalogue import MEMORIES

VOCABULARY = 40


# One of each kind: the other memories differ from an LSTM in their cell alone.
@pytest.fixture(params=["transformer", "lstm"])
def trained(request, trained_with):
    return trained_with(request.param)


def test_it_overfits_ten_examples(trained, capsys):
    config, run = trained
    evaluate(APP, run, "test", None, {})
    assert "Graphs traced: search 1, teacher forcing" in capsys.readouterr().out
    metrics = json.loads(run.metrics.read_text())["test"]
    assert metrics["sacrebleu"] > 99
    assert metrics["token_accuracy"] == 1.0


def test_prediction_is_the_same_alone_and_in_company(trained, ten_pairs):
    config, run = trained
    model = keras.models.load_model(run.model, compile=False)
    respond = predictor(config, run, model)
    sources = [line.split("\t")[0] for line in ten_pairs.read_text("utf-8").splitlines()]
    together = respond(sources)
    for source, answer in zip(sources, together, strict=True):
        (alone,) = respond([source])
        assert alone.text == answer.text
        assert alone.score == pytest.approx(answer.score, abs=1e-4)


def test_full_batches_are_compiled_and_find_the_same(trained, ten_pairs):
    config, run = trained
    model = run.load_model()
    sources = [line.split("\t")[0] for line in ten_pairs.read_text("utf-8").splitlines()]
    plain = predictor(config, run, model)(sources)
    decode = config.decode.model_copy(update={"batch": 4})  # the last batch is filled up
    compiled = predictor(config.model_copy(update={"decode": decode}), run, model)(sources)
    assert [answer.text for answer in compiled] == [answer.text for answer in plain]
    for one, other in zip(compiled, plain, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-4)


def test_beam_lists_its_hypotheses_best_first(trained):
    config, run = trained
    model = keras.models.load_model(run.model, compile=False)
    respond = predictor(config, run, model, n_best=config.decode.beam)
    (answer,) = respond(["The cat sat on the mat."])
    scores = [score for _, score in answer.alternatives]
    assert len(scores) == config.decode.beam
    (best,) = predictor(config, run, model)(["The cat sat on the mat."])
    assert best.text == answer.text and len(best.alternatives) == 1
    assert scores == sorted(scores, reverse=True)
    assert answer.alternatives[0] == (answer.text, answer.score)


def test_the_export_translates_without_this_project(trained, tmp_path):
    config, run = trained
    export(APP, run, {})
    program = (
        "import sys, tensorflow as tf, tensorflow_text\n"
        "served = tf.saved_model.load(sys.argv[1])\n"
        "texts = served.serve(tf.constant(['We drink tea.', 'The child laughs.']))\n"
        "print([text.decode() for text in texts['translations'].numpy()])\n"
        "assert not {'layers', 'apps', 'data'} & set(sys.modules), 'more was needed'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(run.saved_model.resolve())],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "['Wir trinken Tee.', 'Das Kind lacht.']" in done.stdout


@pytest.mark.parametrize(
    "memory, batch", [("transformer", 64), ("lstm", 64), ("transformer", 4)]
)  # from a full batch on, searches are compiled
def test_epochs_after_the_first_trace_nothing(make_config, tmp_path, capsys, memory, batch):
    config = make_config(memory, train={"epochs": 3, "score_every": 2}, decode={"batch": batch})
    train(APP, config, run_folder(tmp_path, APP.name, "traces"))
    printed = capsys.readouterr().out
    assert "; in epochs after the first none." in printed
    traced = printed.partition("Graphs traced: ")[2].partition(";")[0]
    assert {part.rpartition(" ")[0] for part in traced.split(", ")} == {
        "training step",
        "validation step",
        "search",
        "teacher forcing",
    }


@pytest.fixture(params=list(MEMORIES))
def model(request, options):
    keras.utils.set_random_seed(5)
    model = Translator(VOCABULARY, request.param, 16, 0.0, options[request.param])
    model.build()
    return model


def ids(random, rows, time):
    return random.integers(END + 1, VOCABULARY, (rows, time)).astype("int32")


def test_no_future_leaks(model):
    random = np.random.default_rng(0)
    source, target = ids(random, 2, 7), ids(random, 2, 9)
    changed = target.copy()
    changed[:, 5:] = ids(random, 2, 4)
    before, after = (model({"source": source, "target": one}).numpy() for one in (target, changed))
    np.testing.assert_allclose(before[:, :5], after[:, :5], atol=1e-5)
    assert np.abs(before[:, 5:] - after[:, 5:]).max() > 1e-3


def test_the_source_matters(model):
    random = np.random.default_rng(0)
    source, target = ids(random, 2, 7), ids(random, 2, 9)
    other = source.copy()
    other[:, 3] = END + 1 + (source[:, 3] - END) % (VOCABULARY - END - 1)
    a, b = (model({"source": one, "target": target}).numpy() for one in (source, other))
    assert np.abs(a - b).max() > 1e-3


def test_padding_changes_nothing(model):
    random = np.random.default_rng(0)
    source, target, labels = ids(random, 2, 6), ids(random, 2, 8), ids(random, 2, 8)
    target[:, 0] = START

    def pad(side, by):
        return np.pad(side, [[0, 0], [0, by]], constant_values=PAD)

    sums, items = model.measure({"source": source, "target": target}, tf.constant(labels), False)
    padded = {"source": pad(source, 5), "target": pad(target, 3)}
    more, same = model.measure(padded, tf.constant(pad(labels, 3)), False)
    assert items == same == 16
    for name in sums:
        assert float(more[name]) == pytest.approx(float(sums[name]), rel=1e-4)


def test_step_by_step_equals_the_whole_sequence(model):
    random = np.random.default_rng(0)
    source, target = ids(random, 3, 6), ids(random, 3, 8)
    source[1, 4:] = PAD
    whole = model({"source": source, "target": target}).numpy()
    step, state = model.begin(tf.constant(source), 8)
    for time in range(8):
        logits, state = step(tf.constant(target[:, time]), state)
        np.testing.assert_allclose(logits.numpy(), whole[:, time], atol=2e-4)


def test_a_saved_model_is_the_same(model, tmp_path):
    random = np.random.default_rng(0)
    inputs = {"source": ids(random, 2, 6), "target": ids(random, 2, 8)}
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model(inputs).numpy(), again(inputs).numpy(), atol=1e-6)


@pytest.fixture
def quick_config(make_config, tmp_path):
    """`quick_config(**train)`: on a corpus whose batches have one shape, for XLA compiles each."""
    path = tmp_path / "one.tsv"
    path.write_text("".join(f"{a} {b}\t{b} {a}\n" for a in "abcd" for b in "efgh"))
    files = dict.fromkeys(("train", "validation", "test"), (str(path),))
    return lambda **train: make_config(
        data={**files, "vocabulary": 20}, decode={"beam": 1}, train=train
    )


@pytest.mark.parametrize("train_settings", [{"xla": True}, {"precision": "mixed_bfloat16"}])
def test_one_epoch_compiled_and_in_mixed_precision(quick_config, tmp_path, train_settings):
    run = RunFolder(tmp_path / "run")
    train(APP, quick_config(epochs=1, **train_settings), run)
    figures = json.loads(run.metrics.read_text())
    assert figures["training"]["epochs"] == 1 and np.isfinite(figures["validation"]["sacrebleu"])
    assert {layer.dtype_policy.name for layer in run.load_model().layers} == {"float32"}


def test_mixed_float16_scales_the_loss_and_goes_on_with_its_scale(quick_config, tmp_path):
    run = RunFolder(tmp_path / "run")
    for epochs in (1, 2):
        config = quick_config(precision="mixed_float16", average=2, epochs=epochs)
        train(APP, config, run)
    data = APP.prepare(config, run)
    model = APP.build(config, data)
    model.compile(make_optimizer(config.train, len(data.train)))
    model.optimizer.build(model.trainable_variables)
    standing = load_checkpoint(run.checkpoint, model)
    optimizer, steps = model.optimizer, 2 * len(data.train)
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    assert standing.kept[1] < standing.kept[0]
    # Every step was finite, and the second process went on counting where the first one ended.
    assert int(optimizer.iterations.value) == int(optimizer.step_counter.value) == steps
    assert float(optimizer.dynamic_scale.value) == optimizer.initial_scale

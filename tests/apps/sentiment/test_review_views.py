"""What is shown of a classifier: TensorBoard's texts and figures, words, and two runs compared."""

import json
import re
import shutil
from collections import Counter
from dataclasses import replace

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure

from apps.harness.command_line import run as command
from apps.harness.evaluate import evaluate
from apps.sentiment.__main__ import APP
from apps.sentiment.data import prepare
from apps.sentiment.evaluation import versus
from apps.sentiment.explain import in_text
from apps.sentiment.metrics import softmax
from apps.sentiment.predictor import Scorer
from apps.sentiment.watch import LETTERS, watch
from data.labelled import Examples


@pytest.fixture(scope="module")
def watched(trained_with):
    config, run = trained_with("lstm")
    keras.utils.set_random_seed(1)
    model, data = run.load_model(), prepare(config, run)
    return model, data, watch(config, run, model, data)


def test_what_tensorboard_shows(watched, reviews):
    model, data, shown = watched
    assert shown.unit == "texts"
    assert shown.scores() == {"f1_macro": 1.0, "roc_auc": 1.0, "ece": pytest.approx(0.0, abs=0.1)}
    assert shown.texts()["mistakes"] == "| class → read as, how surely: text |\n| --- |"
    figures = shown.figures()
    assert all(isinstance(figure, Figure) for figure in figures.values())
    assert set(figures) == {"confusion", "precision_recall", "calibration", "words", "attention"}
    vectors, labels = shown.embedding()
    assert vectors.shape == (len(reviews), model.reader.units)
    assert list(labels) == ["class", "text"]
    assert sorted(zip(*labels.values(), strict=True)) == sorted(reviews)
    assert model(shown.inputs()).shape == (len(reviews), 2)


@pytest.fixture
def watched_with(trained_with, watched):
    """`watched_with(examples)`: what is shown of other validation texts."""
    (config, run), (model, data, _) = trained_with("lstm"), watched

    def make(examples):
        corpus = replace(data.corpus, splits={**data.corpus.splits, "validation": examples})
        return watch(config, run, model, replace(data, corpus=corpus))

    return make


def test_what_is_read_wrong_is_shown_the_surest_first(trained_with, watched, watched_with):
    (config, _), (model, data, _) = trained_with("lstm"), watched
    texts, wrong = data.split("validation").texts, {0, 3, 4, 8}
    right = data.split("validation").labels
    labels = [1 - label if i in wrong else label for i, label in enumerate(right)]
    shown = watched_with(Examples(texts, labels))

    sure = softmax(Scorer(config, model, data.tokenizer)(texts)).max(axis=1)
    surest = sorted(wrong, key=lambda i: -sure[i])
    classes = data.corpus.classes
    rows = [
        f"| {classes[labels[i]]} → {classes[1 - labels[i]]} {sure[i]:.2f}: {texts[i]} |"
        for i in surest
    ]
    assert shown.texts()["mistakes"].split("\n")[2:] == rows

    wrong_texts, figures = {texts[i] for i in wrong}, shown.figures()
    for name in ("words", "attention"):
        told = " ".join(text.get_text() for text in figures[name].axes[0].texts)
        examples = re.findall(r"(right|wrong): (\w+) \d\.\d\d ([^.]*\.)", told)
        assert Counter(verdict for verdict, *_ in examples) == {"right": 2, "wrong": 2}
        for verdict, guess, text in examples:
            assert (verdict == "wrong") == (text in wrong_texts)
            assert guess == classes[labels[texts.index(text)] ^ (verdict == "wrong")]


def test_a_point_shows_the_beginning_of_a_long_text_on_one_line(watched_with):
    shown = watched_with(Examples(["not\tgood\nat all", "坏" * 200], [0, 0]))
    _, labels = shown.embedding()
    assert set(labels["text"]) == {"not good at all", "坏" * (LETTERS - 1) + "…"}


def test_weights_that_diverged_can_still_be_shown(watched):
    model, _, shown = watched
    kernel = model.output_layer.kernel
    before = keras.ops.convert_to_numpy(kernel)
    kernel.assign(np.full(before.shape, np.nan))
    try:
        assert shown.scores()["f1_macro"] < 1.0
        shown.figures()
    finally:
        kernel.assign(before)
    assert shown.scores()["f1_macro"] == 1.0


@pytest.mark.parametrize(
    ("text", "pieces", "wanted"),
    [
        (
            "not bad at",
            [("▁not", 1.0), ("▁b", 2.0), ("ad", 0.5), ("▁at", -1.0)],
            [("not", 1.0), (" ", 0.0), ("bad", 2.5), (" ", 0.0), ("at", -1.0)],
        ),
        ("a\tb c", [("▁a", 1.0), ("\t", 1.0), ("b", 1.0), ("▁c", 5.0)],
         [("a\tb", 3.0), (" ", 0.0), ("c", 5.0)]),
        ("", [], []),
        ("  ", [("▁", 1.0)], [("  ", 0.0)]),
    ],
)  # fmt: skip
def test_subwords_become_words_of_the_text(text, pieces, wanted):
    assert list(in_text(text, pieces)) == wanted


def test_two_runs_are_compared_text_by_text():
    ours = [{"text": str(i), "label": "a", "guess": "a"} for i in range(10)]
    theirs = [{**row, "guess": "b"} for row in ours]
    said = versus(None, ours, theirs)
    assert "10 texts right here alone, 0 there alone, p = 0.00195" in said
    assert "a real difference" in said
    assert "no difference that is certain" in versus(None, ours, ours)
    assert "not the same texts" in versus(None, ours, theirs[1:])


def test_a_run_is_evaluated_against_another(trained_with, runs, capfd):
    config, run = trained_with("lstm")
    evaluate(APP, run, "test", None, {})
    other = runs / APP.name / "worse"
    other.mkdir()
    shutil.copy(run.config_file, other)
    rows = [json.loads(line) for line in (run.path / "test.jsonl").read_text().splitlines()]
    rows = [row | {"guess": {"good": "bad", "bad": "good"}[row["guess"]]} for row in rows]
    (other / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    try:
        words = ["evaluate", "--runs", str(runs), "--run", "lstm", "--against", "worse"]
        assert command(APP, words) == 0
    finally:
        shutil.rmtree(other)
    said = capfd.readouterr().out
    assert "Against worse: accuracy 0.0000; 10 texts right here alone" in said

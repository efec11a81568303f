"""What a person gets wrong is answered by one sentence and status 2; odd text is answered right."""

import io
import json
import shutil

import pytest

from apps.harness.command_line import run
from apps.harness.predict import predict
from apps.sentiment.__main__ import APP
from apps.sentiment.data import load_corpus
from data.labelled.markup import strip_markup

GOOD = "text,label\nI like it,yes\nI hate it,no\n"


@pytest.fixture
def text(tmp_path):
    """Files of each kind that cannot be read."""
    files = {
        "good.csv": (GOOD + "It is fine,yes\nIt is bad,no\n" * 6).encode(),
        "empty.csv": b"",
        "heading.csv": b"text,label\n",
        "latin.csv": "text,label\nschön,yes\nübel,no\n".encode("latin-1"),
        "columns.csv": b"said,intent\nhello,greeting\n",
        "short.csv": b"text,label\nI like it,yes\nalone\n",
        "unlabelled.csv": b"text,label\nI like it,yes\nI hate it,\n",
        "one.csv": b"text,label\nI like it,yes\nI love it,yes\n",
        "few.csv": (GOOD + "It is fine,yes\n" * 9).encode(),
        "blank.csv": b'text,label\n" ",yes\n"",no\n',
        "other.csv": b"text,label\nI like it,maybe\n",
        "array.json": b'[{"text": "a", "label": "b"}]',
        "broken.jsonl": b'{"text": "a", "label": "b"}\n{"text": "a"\n',
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--data.corpus imbd", "There is no corpus imbd: did you mean imdb?"),
        ("--data.corpus imdb --data.train good.csv", "choose the corpus files"),
        ("--model.memory LSMT", "There is no memory LSMT: did you mean lstm?"),
        ("--model.pooling median", "median"),
        ("--model.units 7", "even units, not 7"),
        ("--train.pretrain language_model", "set model.direction to forward"),
        ("--explanation.method attention --model.pooling mean", "set explanation.method to"),
        ("--data.vectors nothing.txt", "nothing.txt cannot be read"),
        ("FILES missing.csv", "missing.csv"),
        ("FILES empty.csv", "empty.csv"),
        ("FILES heading.csv", "heading.csv"),
        ("FILES latin.csv", "latin.csv"),
        ("FILES columns.csv", "columns.csv has no column text"),
        ("FILES short.csv", "short.csv, line 3"),
        ("FILES unlabelled.csv", "unlabelled.csv, line 3"),
        ("FILES one.csv", "one.csv"),
        ("FILES few.csv", "class no"),
        ("FILES blank.csv", "blank.csv"),
        ("FILES array.json", "array.json begins with ["),
        ("FILES broken.jsonl", "broken.jsonl, line 2"),
        ("FILES good.csv --data.test other.csv", "maybe"),
        ("FILES good.csv --data.encoding utf-9", "There is no encoding utf-9"),
        ("FILES good.csv --data.label txet", "txet"),
    ],
)
def test_one_sentence_and_status_2(text, monkeypatch, capfd, flags, sentence):
    monkeypatch.chdir(text)
    flags = flags.replace("FILES", "--data.corpus files --data.vocabulary 40 --data.train")
    assert run(APP, ["train", *flags.split()]) == 2
    shown = capfd.readouterr()
    said = shown.err.strip().splitlines()
    assert len(said) == 1 and sentence in said[0], shown.err
    assert not list(text.glob("runs/sentiment/*"))


def test_markup_alone_is_read_where_it_is_not_taken_out(make_config, tmp_path):
    path = tmp_path / "markup.csv"
    path.write_text("label,text\ngood,Fine.\nbad,<br />\n", encoding="utf-8")
    read = [
        load_corpus(make_config(data={"clean": clean, "test": str(path)})).splits["test"].texts
        for clean in (False, True)
    ]
    assert read == [["Fine.", "<br />"], ["Fine."]]


ODD = [
    "great 😀😀 👍🏽",
    "كان الفيلم جميلا جدا",
    "סרט נהדר",
    "电影很好看",
    "<b></b>",
    "\u200b",
    "a" * 100_000,
    "It was good. " * 80_000,  # a megabyte
    "tab\there",
]


def test_odd_texts_get_an_answer_each(trained_with):
    config, trained = trained_with("lstm")
    sink = io.StringIO()
    predict(APP, trained, [*ODD, "  "], sink, as_json=True, n_best=2)
    answers = [json.loads(line) for line in sink.getvalue().splitlines()]
    assert [answer["source"] for answer in answers] == [*ODD, "  "]
    for answer in answers[:-1]:
        assert answer["text"] in ("good", "bad") and 0.5 <= answer["score"] <= 1
    assert answers[-1]["text"] == ""


def test_what_is_cut_is_told(trained_with, capfd):
    config, trained = trained_with("lstm")
    predict(APP, trained, ["It was good.", "It was good. " * 100], io.StringIO())
    said = capfd.readouterr().err.strip()
    assert said == (
        "Of 1 of 2 texts only the head was read, 40 tokens (--data.max-length of the run)."
    )


def test_a_run_that_was_stopped_before_its_scores_is_told(trained_with, tmp_path, capfd):
    _, whole = trained_with("lstm")
    stopped = shutil.copytree(whole.path, tmp_path / "runs" / APP.name / "stopped")
    metrics = json.loads((stopped / "metrics.json").read_text())
    (stopped / "metrics.json").write_text(json.dumps({"training": metrics["training"]}))
    words = ["predict", "--runs", str(tmp_path / "runs"), "--run", "stopped", "Fine."]
    assert run(APP, words) == 2
    said = capfd.readouterr().err.strip()
    assert "finish it with the command that trained it" in said and "\n" not in said


def test_odd_texts_are_explained_whole(trained_with):
    config, trained = trained_with("lstm")
    sink = io.StringIO()
    odd = [text for text in ODD if len(text) < 1000]
    predict(APP, trained, odd, sink, as_json=True, explain=True)
    for text, line in zip(odd, sink.getvalue().splitlines(), strict=True):
        words = json.loads(line)["words"]
        assert "".join(word for word, _ in words) == strip_markup(text)


def test_explanations_on_request_alone(trained_with, runs, capfd):
    trained_with("lstm")
    capfd.readouterr()
    words = ["predict", "--runs", str(runs), "--run", "lstm", "It was not bad at all."]
    found = {}
    other = ("--json", "--explanation.method", "attention")
    for flags in ((), ("--explain",), ("--json", "--explain"), ("--explain", *other)):
        assert run(APP, [*words, *flags]) == 0
        found[flags] = capfd.readouterr().out
    plain, explained, *listed = found.values()
    assert plain.count("\t") == 1 and plain.startswith("good\t")
    assert explained.startswith(plain.rstrip("\n") + "\t")
    gradients, attention = (dict(json.loads(line)["words"]) for line in listed)
    assert gradients.keys() == attention.keys() and gradients != attention
    assert all(weight >= 0 for weight in attention.values())


def test_a_page_of_words(trained_with, runs, tmp_path, capfd):
    trained_with("lstm")
    page = tmp_path / "words.html"
    words = ["predict", "--runs", str(runs), "--run", "lstm", "--html", str(page), "not <b>bad</b>"]
    assert run(APP, words) == 0
    assert "bad" in page.read_text(encoding="utf-8")

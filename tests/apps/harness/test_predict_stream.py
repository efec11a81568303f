"""`predict` as a stream: one line in, one line out, in order, as soon as it can be answered."""

import io
import json
import math
import queue
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import pytest

from apps.harness.app import Prediction
from apps.harness.config import BaseConfig, Section
from apps.harness.predict import BATCH, batches, predict, read_lines
from apps.harness.run_folder import run_folder
from data.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
WAIT = 120  # seconds, for a machine that is busy with other things


class Data(Section):
    corpus: str = "builtin"


class Decode(Section):
    beam: int = 5


class Config(BaseConfig):
    when_used = ("decode",)
    data: Data = Data()
    decode: Decode = Decode()


class Shouting:
    """An app that answers in capitals and remembers what it was asked."""

    name, config = "demo", Config

    def __init__(self):
        self.asked, self.beam = [], None

    def predictor(self, config, run, model, n_best):
        assert model == "the model"
        self.beam = config.decode.beam

        def respond(texts):
            self.asked.append(list(texts))
            return [
                Prediction(t.upper(), -1.0, ((t.upper(), -1.0), (t.title(), -2.0))) for t in texts
            ]

        return respond


class Judging:
    """An app that judges by the length of a text, and explains: short words speak for it."""

    name, config = "demo", Config

    def predictor(self, config, run, model, n_best):
        def judge(text):
            label, score = ("long", 0.75) if len(text) > 9 else ("short", 0.5)
            return Prediction(label, score, line=f"{label}\t{score:.3f}")

        return lambda texts: [judge(text) for text in texts]

    def explainer(self, config, run, model):
        assert model == "the model"

        def words(text):
            pieces = text.partition(" ")
            return tuple((piece, 3.0 - len(piece)) for piece in pieces if piece)

        return lambda texts, found: [
            replace(one, words=words(text)) for text, one in zip(texts, found, strict=True)
        ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def trained(tmp_path, monkeypatch):
    run = run_folder(tmp_path, "demo", "one")
    run.open(Config())
    run.model.write_bytes(b"")
    monkeypatch.setattr(
        keras, "models", SimpleNamespace(load_model=lambda path, compile: "the model")
    )
    return run


def answered(run, lines, app=None, sink=None, **options):
    app, sink = app or Shouting(), sink or io.StringIO()
    predict(app, run, lines, sink, **options)
    return app, sink.getvalue()


def test_one_line_out_for_each_line_in_in_order(trained):
    lines = [f"line {number}" if number % 7 else "" for number in range(500)]
    app, text = answered(trained, lines)
    assert text.split("\n") == [line.upper() for line in lines] + [""]
    assert max(map(len, app.asked)) <= BATCH


def test_blank_lines_stay_and_never_reach_the_model(trained):
    app, text = answered(trained, ["", "a", "  ", "b", ""])
    assert text == "\nA\n\nB\n\n"
    assert [one for asked in app.asked for one in asked] == ["a", "b"]
    app, text = answered(trained, ["", ""])
    assert (text, app.asked) == ("\n\n", [])


def test_json_has_scores_and_as_many_answers_as_wanted(trained):
    _, text = answered(trained, ["grüße", ""], as_json=True)
    assert [json.loads(line) for line in text.splitlines()] == [
        {"source": "grüße", "text": "GRÜSSE", "score": -1.0},
        {"source": "", "text": "", "score": 0.0},
    ]
    assert "grüße" in text
    _, text = answered(trained, ["a b"], as_json=True, n_best=9)
    assert json.loads(text)["n_best"] == [
        {"text": "A B", "score": -1.0},
        {"text": "A B", "score": -2.0},
    ]


def test_a_score_that_json_has_no_number_for_is_null(trained):
    app, nothing = Shouting(), ("", -math.inf)
    app.predictor = lambda *_, **__: lambda texts: [Prediction(*nothing, (nothing,))] * len(texts)
    _, text = answered(trained, ["a"], app, as_json=True, n_best=2)
    assert "Infinity" not in text
    found = {"text": "", "score": None}
    assert json.loads(text) == {"source": "a", **found, "n_best": [found]}


def test_settings_can_be_overridden(trained):
    app, _ = answered(trained, ["a"], overrides={"decode.beam": 1})
    assert app.beam == 1


def test_an_answer_that_breaks_the_line_is_kept_on_it(trained):
    _, text = answered(trained, ["a\u2028b"])
    assert text == "A B\n"


def test_the_app_decides_what_a_plain_line_shows(trained):
    lines = ["a terribly", "", "b"]
    _, text = answered(trained, lines, Judging())
    assert text == "long\t0.750\n\nshort\t0.500\n"
    _, text = answered(trained, ["b"], Judging(), as_json=True)
    assert json.loads(text) == {"source": "b", "text": "short", "score": 0.5}


def test_an_explanation_follows_the_answer_on_its_line(trained):
    lines = ["aa terribly", "", "b"]
    _, text = answered(trained, lines, Judging(), explain=True)
    assert text == "long\t0.750\taa [-terribly-]\n\nshort\t0.500\t[+b+]\n"


def test_an_explanation_is_in_colour_on_a_terminal(trained, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    _, text = answered(trained, ["b"], Judging(), Terminal(), explain=True)
    assert text == "short\t0.500\t\x1b[1;38;5;16;48;5;40mb\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    _, text = answered(trained, ["b"], Judging(), Terminal(), explain=True)
    assert text == "short\t0.500\t[+b+]\n"


def test_json_lists_the_words_with_their_weights(trained):
    _, text = answered(trained, ["a bé", ""], Judging(), as_json=True, explain=True)
    first, blank = map(json.loads, text.splitlines())
    assert first["words"] == [["a", 2.0], [" ", 2.0], ["bé", 1.0]]
    assert (first["text"], first["score"]) == ("short", 0.5)
    assert blank["words"] == []


def test_a_page_explains_all_texts_beside_plain_answers(trained, tmp_path):
    file = tmp_path / "page.html"
    lines = [f"<{number}> b" for number in range(100)] + [""]
    _, text = answered(trained, lines, Judging(), html=str(file))
    assert text == "short\t0.500\n" * 100 + "\n"
    html = file.read_text(encoding="utf-8")
    assert "<title>demo: one</title>" in html
    assert html.count("<article>") == 100  # a blank line is no text
    assert "short <span>0.500</span>" in html and ">&lt;99&gt;</span>" in html


def test_a_failure_leaves_the_page_that_was_there(trained, tmp_path):
    def lines():
        yield "a"
        raise UserError("Line 2 is wrong.")

    file = tmp_path / "page.html"
    file.write_text("before")
    with pytest.raises(UserError, match="Line 2 is wrong"):
        answered(trained, lines(), Judging(), html=str(file))
    assert file.read_text() == "before" and list(tmp_path.glob(".*")) == []
    with pytest.raises(UserError, match="cannot be written"):
        answered(trained, ["a"], Judging(), html=str(tmp_path))


def test_an_answer_does_not_wait_for_the_next_line(trained):
    """As in a conversation through a pipe: the second line is only sent after the first answer."""
    lines, replies = queue.Queue(), queue.Queue()
    sink = SimpleNamespace(write=replies.put, flush=lambda: replies.put("flushed"))
    worker = threading.Thread(
        target=predict, args=(Shouting(), trained, iter(lines.get, None), sink), daemon=True
    )
    worker.start()
    for word in ("one", "two"):
        lines.put(word)
        assert replies.get(timeout=WAIT) == f"{word.upper()}\n"
        assert replies.get(timeout=WAIT) == "flushed"
    lines.put(None)
    worker.join(WAIT)
    assert not worker.is_alive()


def test_lines_that_have_arrived_are_taken_together():
    all_read = threading.Event()

    def lines():
        yield from map(str, range(2 * BATCH + 22))
        all_read.set()

    arriving = batches(lines())
    assert all_read.wait(WAIT)
    assert [len(batch) for batch in arriving] == [BATCH, BATCH, 22]


def test_an_error_comes_after_the_lines_before_it():
    def lines():
        yield "a"
        raise UserError("Line 2 is wrong.")

    arrived = []
    with pytest.raises(UserError, match="Line 2 is wrong"):
        for batch in batches(lines()):
            arrived += batch
    assert arrived == ["a"]


def test_lines_are_utf8_whatever_ends_them():
    source = io.BytesIO("grüß\r\n\nsecond\x0b part\nlast".encode())
    assert list(read_lines(source, "it")) == ["grüß", "", "second\x0b part", "last"]
    with pytest.raises(UserError, match=r"^Line 2 of it is not UTF-8: convert it first"):
        list(read_lines(io.BytesIO(b"fine\n\xff\xfe\n"), "it"))


PROGRAM = """
import sys
from dataclasses import replace
from types import SimpleNamespace

sys.path.insert(0, {root!r})
sys.modules["keras"] = SimpleNamespace(
    models=SimpleNamespace(load_model=lambda path, compile: None)
)
from apps.harness import App, BaseConfig, Prediction, Section, later, run

class Data(Section):
    corpus: str = "builtin"

class Decode(Section):
    beam: int = 5

class Config(BaseConfig):
    when_used = ("decode",)
    data: Data = Data()
    decode: Decode = Decode()

def predictor(config, run, model, n_best):
    return lambda texts: [Prediction(text.upper(), 0.0) for text in texts]

def explainer(config, run, model):
    return lambda texts, found: [
        replace(one, words=((text, 1.0),)) for text, one in zip(texts, found)
    ]

no = print
app = App("demo", "", Config, no, no, no, predictor, no, no, no, explainer)
raise SystemExit(run(app, ["predict", "--runs", {runs!r}, *sys.argv[1:]]))
"""


@pytest.fixture
def process(trained, tmp_path):
    """Starts `predict` as a process of its own, with an app that needs no TensorFlow."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM.format(root=str(ROOT), runs=str(tmp_path)))

    def start(*arguments):
        return subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return start


def test_a_process_converses_and_ends_quietly_when_nobody_listens(process):
    with process("--run", "one") as child:
        child.stdin.write(b"ein Hund\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"EIN HUND\n"
        child.stdout.close()
        child.stdin.write(b"zwei\n" * 5)
        child.stdin.close()
        assert child.stderr.read() == b""
        assert child.wait(WAIT) == 0


def test_a_process_reads_and_writes_files(process, tmp_path):
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("a\n\nü\n", encoding="utf-8")
    with process("--input", str(source), "--output", str(target)) as child:
        out, err = child.communicate(timeout=WAIT)
    assert (out, target.read_text(encoding="utf-8")) == (b"", "A\n\nÜ\n")
    assert err.decode() == f"Run: {tmp_path}/demo/one\n"


def test_a_file_that_is_not_utf8_leaves_no_output(process, tmp_path):
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_bytes(b"a\n\xff\n")
    with process("--run", "one", "--input", str(source), "--output", str(target)) as child:
        out, err = child.communicate(timeout=WAIT)
    assert child.returncode == 2
    assert err.decode().startswith(f"Line 2 of {source} is not UTF-8") and err.count(b"\n") == 1
    assert not target.exists() and out == b""


def test_texts_can_be_arguments(process):
    with process("--run", "one", "--json", "ein Hund", "", "b") as child:
        out, _ = child.communicate(timeout=WAIT)
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["EIN HUND", "", "B"]


def test_a_process_explains(process, tmp_path):
    target, file = tmp_path / "out.txt", tmp_path / "page.html"
    words = ("--run", "one", "--explain", "--html", str(file), "--output", str(target), "ü", "")
    with process(*words) as child:
        out, err = child.communicate(timeout=WAIT)
    assert (child.returncode, out, err) == (0, b"", b"")
    assert target.read_text(encoding="utf-8") == "Ü\t[+ü+]\n\n"
    assert ">ü</span>" in file.read_text(encoding="utf-8")

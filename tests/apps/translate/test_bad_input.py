"""What a person gets wrong is answered by one sentence and status 2, and leaves nothing behind."""

import pytest

from apps.harness.command_line import run
from apps.translate.__main__ import APP

JSON = b'{"source": "a", "target": "b"}\n'
GOOD = "The cat sat.\tDie Katze saß.\n"


@pytest.fixture
def text(tmp_path):
    """Files of each kind that cannot be read."""
    files = {
        "good.tsv": (GOOD * 4).encode(),
        "empty.tsv": b"",
        "binary.tsv": b"\x00\x01\x02\n",
        "latin.tsv": "Tür\tdoor\n".encode("latin-1"),
        "tabless.tsv": (GOOD + "no tab here\n").encode(),
        "broken.jsonl": JSON + b'{"source": "a", "target": "b"\n',
        "list.jsonl": JSON + b'["a", "b"]\n',
        "fieldless.jsonl": JSON + b'{"source": "a"}\n',
        "number.jsonl": JSON + b'{"source": "a", "target": 3}\n',
        "three.en": b"a\nb\nc\n",
        "two.de": b"a\nb\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--data.corpus multi31k", "There is no corpus multi31k: did you mean multi30k?"),
        ("--data.target xx", "has no direction en-xx: it has en-de"),
        ("--model.memory LSMT", "There is no memory LSMT: did you mean lstm?"),
        ("--model.options hedas=2", "no option hedas: did you mean heads?"),
        ("--preset multi", "There is no preset multi: did you mean multi30k?"),
        ("--model.units 130", "multiple of the number of heads"),
        ("--model.memory lstm --model.units 7", "even units, not 7"),
        ("--train.epocs 3", "did you mean --train.epochs"),
        ("--train.epochs 0", "greater than or equal to 1"),
        ("--data.vocabulary 90000", "more than this corpus can give: use at most"),
        ("--train.init-from nobody", "There is no run nobody"),
        ("--train.xla --data.merge-dropout 0.1", "train.xla needs batches of fixed shapes"),
        ("FILES missing.tsv", "missing.tsv"),
        ("FILES empty.tsv", "empty.tsv"),
        ("FILES binary.tsv", "binary.tsv"),
        ("FILES latin.tsv", "latin.tsv"),
        ("FILES tabless.tsv", "tabless.tsv, line 2, has no tab"),
        ("FILES broken.jsonl", "broken.jsonl, line 2, is not valid JSON"),
        ("FILES list.jsonl", "list.jsonl, line 2, is not a JSON object"),
        ("FILES fieldless.jsonl", "fieldless.jsonl, line 2, has no field target"),
        ("FILES number.jsonl", "number.jsonl, line 2, has a field target that is no text (int)"),
        ("FILES good.tsv --data.test broken.jsonl", "broken.jsonl, line 2, is not valid JSON"),
        ("FILES three.en two.de", "three.en has 3 lines and two.de has 2"),
    ],
)
def test_one_sentence_and_status_2(text, monkeypatch, capfd, flags, sentence):
    monkeypatch.chdir(text)
    flags = flags.replace("FILES", "--data.corpus files --data.train")
    assert run(APP, ["train", *flags.split()]) == 2
    shown = capfd.readouterr()
    said = shown.err.strip().splitlines()
    assert len(said) == 1 and sentence in said[0], shown.err
    assert not list(text.glob("runs/translate/*"))


def test_a_corpus_with_neither_network_nor_copy(text, monkeypatch, capfd):
    monkeypatch.chdir(text)
    monkeypatch.setenv("DATA_DIR", str(text / "nowhere"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setattr("data.download.cache_folder", lambda: text / "cache")
    assert run(APP, ["train", "--data.corpus", "multi30k"]) == 2
    said = capfd.readouterr().err
    for part in ("https://", "nowhere", "CORPUS=builtin"):
        assert part in said

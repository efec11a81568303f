"""`make new-app`: the files of a new app, and the names that cannot be one."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from apps.harness.new_app import main, new_app
from data.errors import UserError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def tree(tmp_path):
    shutil.copytree(
        ROOT / "apps" / "translate", tmp_path / "apps" / "translate",
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip
    (tmp_path / "apps" / "harness").mkdir()
    return tmp_path


def test_the_copy_is_the_same_files_without_caches(tree):
    source = tree / "apps" / "translate"
    (source / "__pycache__").mkdir()
    target = new_app("mine", "translate", tree)
    assert target == tree / "apps" / "mine"
    copied = {file.name: file.read_bytes() for file in target.rglob("*") if file.is_file()}
    original = {file.name: file.read_bytes() for file in source.rglob("*") if file.is_file()}
    # The commands that are written out are those of the copy.
    pages = [copied.pop(name).decode() for name in ("README.md", "__main__.py")]
    assert "make train-mine" in pages[0] and "python -m apps.mine" in pages[1]
    for page, name in zip(pages, ("README.md", "__main__.py"), strict=True):
        assert page.replace("mine", "translate") == original.pop(name).decode()
    assert copied == original
    assert sorted(os.listdir(tree / "apps")) == ["harness", "mine", "translate"]


@pytest.mark.parametrize("app", ["translate", "sentiment"])
def test_a_template_never_says_its_own_name_in_an_import(app):
    for file in (ROOT / "apps" / app).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert not node.module.startswith(f"apps.{app}"), file


@pytest.mark.parametrize(
    "name, source, sentence",
    [
        ("", "translate", "needs a name, as in make new-app NAME=mine"),
        ("my-app", "translate", "cannot name an app"),
        ("Mine", "translate", "cannot name an app"),
        ("../x", "translate", "cannot name an app"),
        ("class", "translate", "a word of Python's own"),
        ("harness", "translate", "is already there"),
        ("translate", "translate", "is already there"),
        ("mine", "translat", "no app 'translat' to start from: did you mean translate?"),
        ("mine", "harness", "no app 'harness' to start from: FROM can be translate."),
    ],
)
def test_a_wrong_name_is_one_sentence_and_makes_nothing(tree, name, source, sentence):
    with pytest.raises(UserError) as caught:
        new_app(name, source, tree)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)
    assert sorted(os.listdir(tree / "apps")) == ["harness", "translate"]


def test_the_command_says_what_to_do_next(tree, monkeypatch, capsys):
    monkeypatch.chdir(tree)
    assert main(["mine", "translate"]) == 0
    assert "make train-mine" in capsys.readouterr().out
    assert main(["mine", "translate"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


OWN = {
    "translate": (
        [(f"{a} {b} sleeps", f"{b} {a} schläft") for a in ("the", "my", "our") for b in "abcd"],
        "--data.vocabulary 40 --model.options layers=1 heads=2 --decode.max-length 12 "
        "--decode.beam 1",
        "sacrebleu",
        "files-transformer",
    ),
    "sentiment": (
        [("text", "label"), *[(f"{a} {b}", a) for a in ("yes", "no", "maybe") for b in "abcd"]],
        "--data.vocabulary 24 --model.memory gru",
        "accuracy",
        "files-gru",
    ),
}
"""Lines of a file, flags, a score, and the name of the run, by the app that is copied."""


@pytest.mark.parametrize("source", OWN)
def test_a_new_app_trains_evaluates_and_predicts(tmp_path, source):
    lines, flags, score, name = OWN[source]
    skip = shutil.ignore_patterns("__pycache__")
    for folder in ("apps", "data", "layers"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skip)
    assert main(["mine", source], tmp_path) == 0
    (tmp_path / "own.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in lines), encoding="utf-8")
    train = "train --data.corpus files --data.train own.tsv --data.validation own.tsv"
    train += " --data.test own.tsv --model.units 16 --train.epochs 1"
    # One process, as starting TensorFlow takes longer than all that it does here.
    program = (
        "from apps.mine.__main__ import APP, run\n"
        f"for words in ({f'{train} {flags}'!r}, 'evaluate', 'predict'):\n"
        "    print('#', words.split()[0], flush=True)\n"
        "    assert run(APP, words.split()) == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        input="the a sleeps\n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    trained, _, rest = done.stdout.partition("# evaluate\n")
    evaluated, _, predicted = rest.partition("# predict\n")
    assert "make evaluate-mine" in trained
    assert score in evaluated
    assert predicted.count("\n") == 2 and predicted.endswith("\n\n")
    assert (tmp_path / "runs" / "mine" / name / "metrics.json").is_file()

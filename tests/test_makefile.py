"""The Makefile: what it lists, what it runs, what it says without a suitable Python."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
OWN = {"CORPUS", "MEMORY", "RUN", "PRESET", "SEED", "ARGS", "RUNS", "MAKEFLAGS", "MAKELEVEL"}


def make(*arguments, cwd=ROOT, **variables):
    clean = {name: value for name, value in os.environ.items() if name not in OWN}
    return subprocess.run(
        ["make", *arguments],
        cwd=cwd,
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path):
    """A fresh checkout as far as make sees it: no environment yet."""
    for name in ("Makefile", "setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "apps" / "mine").mkdir(parents=True)
    (tmp_path / "apps" / "mine" / "__main__.py").touch()
    return tmp_path


def test_help_is_the_default_and_lists_every_target_in_one_line(checkout):
    result = make(cwd=checkout)
    assert result.returncode == 0
    listed = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ")]
    verbs = ["train-mine", "evaluate-mine", "predict-mine", "export-mine", "compare-mine"]
    others = ["tensorboard", "new-app", "test", "test-layers", "lint", "bench", "results", "clean"]
    assert set(listed) == {"help", *verbs, *others}
    assert len(listed) == len(set(listed))


def test_every_target_has_a_help_text():
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z%-]*):(?!=)(.*)$", text, re.MULTILINE)
    assert [name for name, rest in targets if "## " not in rest] == []
    assert all(len(rest.rpartition("## ")[2]) <= 78 for _, rest in targets)


@pytest.mark.parametrize("word", ["MEMROY=lstm", "memory=lstm"])
def test_a_misspelt_variable_is_told(checkout, word):
    result = make("-n", "train-mine", word, cwd=checkout)
    assert result.returncode == 2
    assert (
        f"There is no variable {word.partition('=')[0]}: there are CORPUS MEMORY" in result.stderr
    )


def test_settings_become_flags(checkout):
    settings = ["CORPUS=multi30k", "MEMORY=lstm", "RUN=my-run", "PRESET=none", "SEED=3"]
    lines = make("-n", "train-mine", *settings, "ARGS=--train.epochs 5", cwd=checkout).stdout
    command = lines.splitlines()[-1].split()
    assert command[:4] == [".venv/bin/python", "-m", "apps.mine", "train"]
    assert " ".join(command[4:]) == (
        "--data.corpus 'multi30k' --model.memory 'lstm' --run 'my-run' --preset 'none' "
        "--train.seed '3' --train.epochs 5"
    )
    assert make("-n", "train-mine", cwd=checkout).stdout.splitlines()[-1].split()[4:] == []


def test_the_other_verbs_are_told_which_run(checkout):
    for verb in ("evaluate", "predict", "export"):
        lines = make("-n", f"{verb}-mine", "RUN=a", "SEED=3", cwd=checkout).stdout
        assert lines.splitlines()[-1].split()[2:] == ["apps.mine", verb, "--run", "'a'"]
    lines = make("-n", "compare-mine", "RUNS=a b", cwd=checkout).stdout
    assert lines.splitlines()[-1].split()[2:] == ["apps.mine", "compare", "a", "b"]


def test_an_app_that_does_not_exist_installs_nothing(checkout):
    result = make("train-theirs", cwd=checkout)
    assert result.returncode != 0 and result.stdout == ""
    assert result.stderr.startswith("There is no target train-theirs: make help lists")
    assert not (checkout / ".venv").exists()


def fake_python(folder: Path, suitable: bool) -> Path:
    """A program that answers make's question for a suitable Python, and says what it is given."""
    folder.mkdir(exist_ok=True)
    file = folder / "fake-python"
    file.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = -c ] && exit {0 if suitable else 1}\n'
        f'echo "$@" >> {folder}/calls\n'
        f'[ "$2" = venv ] && mkdir -p .venv/bin && cp {file} .venv/bin/python\n'
        "exit 0\n"
    )
    file.chmod(0o755)
    return file


def test_without_a_suitable_python_there_is_one_sentence(checkout, tmp_path):
    old = fake_python(tmp_path / "old", suitable=False)
    result = make("--silent", "train-mine", f"PYTHON={old}", cwd=checkout)
    assert result.returncode != 0
    sentence = result.stderr.splitlines()[0]
    assert "Python 3.11, 3.12 or 3.13" in sentence and str(old) in sentence
    assert result.stdout == "" and not (checkout / ".venv").exists()


def test_dependencies_are_installed_once_and_again_when_they_change(checkout, tmp_path):
    python = fake_python(tmp_path / "good", suitable=True)
    calls = python.parent / "calls"

    def used(*arguments):
        calls.write_text("")
        result = make("--silent", *arguments, f"PYTHON={python}", cwd=checkout)
        assert (result.returncode, result.stdout) == (0, ""), result.stderr
        return [line.split()[1] for line in calls.read_text().splitlines()]

    assert used("predict-mine") == ["venv", "pip", "apps.mine"]
    assert used("predict-mine") == ["apps.mine"]
    assert used("test-layers") == ["pip", "pytest"]
    assert used("test-layers") == ["pytest"]
    assert used("predict-mine") == ["apps.mine"]
    later = (checkout / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(checkout / "constraints.txt", (later, later))
    assert used("train-mine") == ["pip", "apps.mine"]

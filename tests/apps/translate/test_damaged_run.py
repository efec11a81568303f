"""A run folder with a damaged file: each verb says which file in one sentence."""

import shutil

import pytest

from apps.harness.command_line import run as command
from apps.harness.run_folder import RunFolder
from apps.translate.__main__ import APP

VERBS = ("train", "evaluate", "predict", "export", "compare")
USERS = ("evaluate", "predict", "export")


@pytest.fixture
def damaged(runs, trained_with):
    """A copy of a trained run, to be damaged."""
    _, run = trained_with("transformer")
    copy = RunFolder(runs / APP.name / "damaged")
    shutil.copytree(run.path, copy.path)
    yield copy
    shutil.rmtree(copy.path, ignore_errors=True)


@pytest.fixture
def words(runs, trained_with, flags_of):
    """`words(verb)`: the command line that would work, were the run not damaged."""
    config, _ = trained_with("transformer")

    def line(verb):
        of_verb = {"train": flags_of(config), "predict": ["hello"], "compare": ["damaged"]}
        run = [] if verb == "compare" else ["--run", "damaged"]
        return [verb, *of_verb.get(verb, []), "--runs", str(runs), *run]

    return line


def half(file):
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def empty(file):
    file.write_bytes(b"")


def gone(file):
    file.unlink()


@pytest.mark.parametrize(
    ("verbs", "file", "damage", "sentence"),
    [
        (VERBS, "config.json", half, "config.json holds no settings in JSON"),
        (VERBS[1:], "config.json", gone, "There is no run damaged"),
        (("train", "evaluate", "compare"), "metrics.json", half, "metrics.json holds no metrics"),
        (("train", *USERS), "tokenizer.model", gone, "tokenizer, is missing or damaged"),
        (("train", *USERS), "tokenizer.model", half, "tokenizer, is missing or damaged"),
        (USERS, "model.keras", half, "model.keras is damaged"),
        (USERS, "model.keras", gone, "The run damaged has no trained model yet"),
        (("train",), "checkpoint.npz", half, "missing or damaged: delete it to start again"),
        (("train",), "checkpoint.npz", empty, "missing or damaged: delete it to start again"),
    ],
)
def test_one_sentence(damaged, words, capfd, verbs, file, damage, sentence):
    damage(damaged.path / file)
    before = sorted(damaged.path.rglob("*"))
    capfd.readouterr()
    for verb in verbs:
        assert command(APP, words(verb)) == 2, verb
        shown = capfd.readouterr()
        assert shown.out == ""
        assert sentence in shown.err and shown.err.count("\n") == 1, shown.err
        assert sorted(damaged.path.rglob("*")) == before

"""A run is trained and scored on the texts that it began with."""

import json

import pytest

from apps.harness.run_folder import RunFolder
from apps.harness.texts import keep_texts
from data.errors import UserError

SPLITS = {"train": [["a b", "c"], ["yes", "no"]], "test": [["d"], ["no"]]}


@pytest.fixture
def run(tmp_path):
    """A run that has a checkpoint to lose."""
    run = RunFolder(tmp_path / "run")
    keep_texts(run, SPLITS)
    run.checkpoint.write_bytes(b"weights")
    return run


def test_the_same_texts_are_welcome(run):
    keep_texts(run, SPLITS)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"test": [["d."], ["no"]]}, "test"),
        ({"test": [["d"], ["yes"]]}, "test"),
        # What moves from one column, or split, to another has changed, too.
        ({"train": [["a", "b c"], ["yes", "no"]]}, "train"),
        ({"train": SPLITS["test"], "test": SPLITS["train"]}, "train, test"),
    ],
)
def test_others_are_refused(run, changed, named):
    with pytest.raises(UserError, match=f"The texts for {named} are not those that .*run was"):
        keep_texts(run, {**SPLITS, **changed})
    keep_texts(run, SPLITS)  # and what was noted stays


def test_a_run_with_nothing_to_lose_takes_any(run):
    run.checkpoint.unlink()
    others = {**SPLITS, "test": SPLITS["train"]}
    keep_texts(run, others)
    run.checkpoint.write_bytes(b"weights")
    keep_texts(run, others)


@pytest.mark.parametrize("damage", ["", "[]", '{"train": 1}', json.dumps([1])])
def test_a_damaged_note_is_told(run, damage):
    run.texts.write_text(damage)
    with pytest.raises(UserError, match="texts.json is damaged"):
        keep_texts(run, SPLITS)

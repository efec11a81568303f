"""Files that change after training: a run is not scored on what it was trained with."""

import json
import shutil

import pytest

from apps.harness.command_line import MISUSE
from apps.harness.command_line import run as run_command
from apps.sentiment.__main__ import APP


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "odd,What is this?\n",  # a class that the model does not know
        lambda text: text.replace("good,", "fine,"),  # as many, by other names
        lambda text: text.replace("We will come back soon.", "We came back."),
    ],
    ids=["one more class", "another name", "another text"],
)
def test_evaluate_refuses_other_texts(change, trained_with, ten_reviews, tmp_path, capsys):
    _, run = trained_with("lstm")
    folder = tmp_path / "runs" / APP.name / "copy"
    shutil.copytree(run.path, folder)
    settings = json.loads((folder / "config.json").read_text())
    changed = change(ten_reviews.read_text(encoding="utf-8"))
    for split in ("train", "validation", "test"):
        file = tmp_path / f"{split}.csv"
        file.write_text(changed, encoding="utf-8")
        settings["data"][split] = str(file)
    (folder / "config.json").write_text(json.dumps(settings))
    before = (folder / "metrics.json").read_bytes()
    words = ["evaluate", "--runs", str(tmp_path / "runs"), "--run", "copy"]
    assert run_command(APP, words) == MISUSE
    said = capsys.readouterr().err.strip().splitlines()
    assert "are not those that" in said[-1] and "train a run of another name" in said[-1]
    assert (folder / "metrics.json").read_bytes() == before

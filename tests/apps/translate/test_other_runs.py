"""What one run can do with another: start from its weights, be compared with it."""

import json
import shutil

import pytest

from apps.harness.command_line import run as command
from apps.translate.__main__ import APP


@pytest.fixture
def train(runs, make_config, flags_of, trained_with, capfd):
    """`train(flags)`: trains a run `other` beside the Transformer's with the same settings and
    `flags`; the status and what was said."""
    trained_with("transformer")
    # Steps that change nearly nothing.
    config = make_config(train={"epochs": 1, "learning_rate": 1e-6}, decode={"beam": 1})
    words = ["train", "--runs", str(runs), "--run", "other", *flags_of(config)]

    def run(flags):
        capfd.readouterr()
        status = command(APP, [*words, *flags.split()])
        shown = capfd.readouterr()
        return status, shown.out, shown.err

    yield run
    shutil.rmtree(runs / APP.name / "other", ignore_errors=True)


def test_training_starts_from_the_weights_of_another_run(train, runs, trained_with):
    status, said, _ = train("--train.init-from transformer")
    assert status == 0, said
    other, (_, donor) = runs / APP.name / "other", trained_with("transformer")
    assert (other / "tokenizer.model").read_bytes() == donor.tokenizer.read_bytes()
    # What it knows, it knows from the donor.
    metrics = json.loads((other / "metrics.json").read_text())
    assert metrics["training"]["epochs"] == 1
    assert metrics["validation"]["sacrebleu"] > 99


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("transfomer", "There is no run transfomer: did you mean transformer?"),
        ("other", "The run other has no trained model yet"),
        ("transformer --data.vocabulary 80", "its 90 subwords: give --data.vocabulary 90, not 80"),
        (
            "transformer --model.units 16",
            "do not fit this model (units 32 -> 16): give",
        ),
        # The same shapes, and yet weights that mean something else.
        ("transformer --model.options layers=1 heads=4 hidden_units=64", "(heads 2 -> 4)"),
        (
            "transformer --model.memory lstm --model.options layers=1",
            "(memory transformer -> lstm)",
        ),
    ],
)
def test_a_run_that_does_not_fit_is_one_sentence(train, runs, flags, sentence):
    status, said, error = train(f"--train.init-from {flags}")
    assert (status, said) == (2, "")
    assert sentence in error and error.count("\n") == 1
    assert not (runs / APP.name / "other").exists()


@pytest.fixture
def worse(runs, trained_with):
    """A run that was scored on test with every translation wrong."""
    _, run = trained_with("transformer")
    folder = runs / APP.name / "worse"
    folder.mkdir()
    shutil.copy(run.config_file, folder)
    rows = [json.loads(line) for line in (run.path / "validation.jsonl").read_text().splitlines()]
    rows = [row | {"hypothesis": "Das ist es nicht."} for row in rows]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    yield folder
    shutil.rmtree(folder)


def test_the_difference_between_two_runs_is_told_everywhere(runs, worse, capfd):
    words = ["evaluate", "--runs", str(runs), "--run", "transformer"]
    assert command(APP, [*words, "--against", "worse"]) == 0
    printed = capfd.readouterr().out
    folder = runs / APP.name / "transformer"
    measured = json.loads((folder / "metrics.json").read_text())["measured"]["test"]
    verdict = measured["against"]["worse"]
    assert verdict.endswith("sacreBLEU, p = 0.001 (paired bootstrap): a real difference.")
    assert float(verdict.split()[0]) > 50
    for text in (printed, (folder / "report.txt").read_text()):
        assert text.rstrip().endswith(f"\n\nAgainst worse: {verdict}")


def test_only_what_was_scored_alike_is_compared(runs, worse, capfd):
    words = ["evaluate", "--runs", str(runs), "--run", "transformer", "--against", "worse"]
    assert command(APP, [*words, "--split", "validation"]) == 2
    assert "The run worse was not evaluated on validation yet" in capfd.readouterr().err
    (worse / "test.jsonl").write_text('{"source": "a", "reference": "b", "hypothesis": "c"}\n')
    assert command(APP, words) == 0
    assert "not the same sentences" in capfd.readouterr().out
    (worse / "test.jsonl").write_text('{"source": "a", "refer')
    assert command(APP, words) == 2
    assert "test.jsonl is damaged: evaluate the run worse on test" in capfd.readouterr().err

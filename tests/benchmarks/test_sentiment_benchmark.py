"""The benchmark of the sentiment app, with its commands replaced by ones that take no time."""

import subprocess

import pytest

from apps.harness.command_line import _starting_point
from apps.harness.config import merged
from apps.harness.metrics_file import update
from apps.sentiment.__main__ import APP
from benchmarks import record, runs, sentiment


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Commands that only write `metrics.json`; returns what was called."""
    called = []

    def run(command, cwd, check):
        words = command[3:]
        called.append(words)
        name = words[words.index("--run") + 1]
        seed = int(name.rpartition("-")[2])
        path = runs.FOLDER / "sentiment" / name / "metrics.json"
        if words[0] == "train":
            training = {"parameters": 1000, "epochs": 4, "train_seconds": 120.0}
            update(path, "training", training)
        else:
            names = {*sentiment.SCORES, *sentiment.VERDICTS, *sentiment.MEMORY}
            update(path, "test", dict.fromkeys(names, 0.5 + seed / 100))

    monkeypatch.setattr(runs, "FOLDER", tmp_path / "runs")
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(record, "commit", lambda: "abc1234")
    return called


def rows():
    return {(row["what"], row["seed"]): row for row in record.read("sentiment")}


@pytest.mark.parametrize("name", sentiment.TRIALS)
def test_flags_of_every_trial_are_settings(name):
    flags = list(sentiment.TRIALS[name].flags)
    config = _starting_point(APP, flags)
    given = {flags[i].removeprefix("--"): flags[i + 1] for i in range(0, len(flags), 2)}
    given.pop("preset", None)
    merged(config, given)


def test_the_mean_of_three_seeds(commands):
    assert sentiment.main(["sst2"]) == 0
    assert [words[0] for words in commands] == ["train", "evaluate"] * 3
    row = rows()["sentiment.sst2.best.accuracy", "1+2+3"]
    assert (row["value"], row["command"]) == ("0.52", "python -m benchmarks.sentiment sst2")
    assert not any(what.endswith("_p") for what, _ in rows())  # there is no mean of them
    assert rows()["sentiment.sst2.best.train_minutes", "1"]["value"] == "2"


def test_imdb_has_a_row_for_the_baseline(commands):
    assert sentiment.main(["imdb-best"]) == 0
    assert rows()["sentiment.imdb.best.accuracy", "1"]["value"] == "0.51"
    assert rows()["sentiment.imdb.nbsvm.accuracy", "1"]["value"] == "0.51"
    assert rows()["sentiment.imdb.best.nbsvm_p", "1"]["value"] == "0.51"


def test_memories_that_are_recorded_are_not_measured_again(commands):
    words = ["memories", "--memories", "gru", "lstm"]
    assert sentiment.main(words) == 0
    assert len(commands) == 4
    assert rows()["sentiment.memories.gru.seconds_per_epoch", "1"]["value"] == "30"
    assert sentiment.main(words) == 0
    assert len(commands) == 4
    left = runs.FOLDER / "sentiment" / "bench-sst2-gru-1" / "checkpoint"
    left.touch()
    assert sentiment.main([*words, "--again"]) == 0
    assert len(commands) == 8
    assert not left.exists()  # or the run would only be looked at again

"""The benchmark of the translate app, with its commands replaced by ones that take no time."""

import subprocess

import numpy as np
import pytest

from apps.harness.metrics_file import update
from benchmarks import record, runs, translate


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Commands that only write `metrics.json`; returns what was called and the settings to use."""
    called = []
    settings = {"train_seconds": 100.0, "fail": False, "resumes": False}

    def run(command, cwd, check):
        words = command[3:]
        called.append(words)
        if settings["fail"]:
            raise subprocess.CalledProcessError(2, command)
        name = words[words.index("--run") + 1]
        seed = int(name.rpartition("-")[2])
        path = runs.FOLDER / "translate" / name / "metrics.json"
        if words[0] == "train":
            assert settings["resumes"] or not path.exists()
            update(path, "training", {"parameters": 1000, "epochs": 7,
                                      "train_seconds": settings["train_seconds"]})  # fmt: skip
        else:
            names = ("sacrebleu", "sacrebleu_low", "sacrebleu_high", "lc_bleu", "chrf")
            scores = dict.fromkeys(names, 90.0 + seed)
            update(path, "test", {**scores, "length_ratio": 1.0, "pronoun_accuracy": 0.9})

    monkeypatch.setattr(runs, "FOLDER", tmp_path / "runs")
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(record, "commit", lambda: "abc1234")
    monkeypatch.setattr(record, "hardware", lambda: "a machine")
    return called, settings


def rows():
    return {(row["what"], row["seed"]): row for row in record.read("translate")}


def test_builtin_trains_three_seeds_with_the_default_command(commands):
    called, _ = commands
    stale = runs.FOLDER / "translate" / "bench-builtin-2"
    update(stale / "metrics.json", "training", {"epochs": 99})
    assert translate.main(["builtin"]) == 0
    assert [words[0] for words in called] == ["train", "evaluate"] * 3
    assert called[0] == ["train", "--run", "bench-builtin-1", "--train.seed", "1"]
    assert called[1] == ["evaluate", "--run", "bench-builtin-1", "--split", "test"]
    found = rows()
    bleu = [found["translate.builtin.en-de.bleu", s]["value"] for s in ("1", "2", "3", "1,2,3")]
    assert bleu == ["91", "92", "93", "92"]
    assert found["translate.builtin.en-de.pronoun_accuracy", "1,2,3"]["value"] == "0.9"
    assert ("translate.builtin.en-de.train_seconds", "1,2,3") in found
    assert found["translate.builtin.en-de.fit_seconds", "1,2,3"]["value"] == "100"
    assert {row["command"] for row in found.values()} == {"python -m benchmarks.translate builtin"}


def test_memories_have_rows_of_their_own(commands):
    called, _ = commands
    words = ["builtin", "--memories", "transformer", "lstm", "--seeds", "4"]
    assert translate.main(words) == 0
    assert called[2] == ["train", "--run", "bench-builtin-lstm-4", "--train.seed", "4",
                         "--model.memory", "lstm"]  # fmt: skip
    row = rows()["translate.memories.lstm.bleu", "4"]
    assert row["value"] == "94"
    assert row["command"] == " ".join(["python -m benchmarks.translate", *words])
    assert not any(what.startswith("translate.builtin.") for what, _ in rows())


def test_blind(commands):
    called, _ = commands
    assert translate.main(["builtin-blind"]) == 0
    assert called[0][-2:] == ["--data.corpus", "builtin-blind"]
    assert ("translate.builtin-blind.en-de.pronoun_accuracy", "1") in rows()


@pytest.mark.parametrize(
    "name, prefix, minutes",
    [
        ("multi30k", "translate.multi30k.en-de.transformer", 60),
        ("multi30k-lstm", "translate.multi30k.en-de.lstm", 90),
    ],
)
def test_multi30k_within_its_time_only(commands, name, prefix, minutes):
    called, settings = commands
    settings["train_seconds"] = 60 * minutes + 1.0
    with pytest.raises(SystemExit, match=f"at most {minutes}"):
        translate.main([name])
    assert [words[0] for words in called] == ["train"]  # and not scored on test
    assert not rows()
    settings["train_seconds"] = 60 * minutes - 30.0
    assert translate.main([name]) == 0
    assert rows()[f"{prefix}.train_minutes", "1"]["value"] == str(minutes - 0.5)
    assert rows()[f"{prefix}.sacrebleu", "1"]["value"] == rows()[f"{prefix}.lc_bleu", "1"]["value"]


def test_an_interrupted_measurement_goes_on(commands):
    called, settings = commands
    assert translate.main(["multi30k"]) == 0
    left = runs.FOLDER / "translate" / "bench-multi30k-1" / "checkpoint"
    left.touch()
    settings["resumes"] = True
    assert translate.main(["multi30k", "--resume"]) == 0
    assert left.exists()
    assert called[0] == called[2] and called[0][0] == "train"
    settings["resumes"] = False
    assert translate.main(["multi30k"]) == 0
    assert not left.exists()


def test_decoding_needs_the_run_it_is_about(commands, capsys):
    assert translate.main(["decoding"]) == 2
    assert "run `python -m benchmarks.translate multi30k` first" in capsys.readouterr().err


def test_steps_after_the_end_by_hand():
    from benchmarks.translate_decoding import after_the_end

    # Batches of like sources: translations of 4 and 2 tokens, then of 3 and 1, then of 5 alone.
    share = after_the_end(np.array([9, 1, 9, 5, 5]), np.array([4, 5, 2, 3, 1]), batch=2)
    assert share == pytest.approx(1 - 15 / (8 + 6 + 5))


def test_a_failed_command_records_nothing(commands):
    _, settings = commands
    settings["fail"] = True
    assert translate.main(["builtin"]) == 2
    assert not rows()

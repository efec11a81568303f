"""The record of results: rows are replaced, not repeated, and say where they come from."""

import csv
import os
import re
import subprocess

import pytest

from apps.harness.provenance import commit, hardware, today
from benchmarks.record import COLUMNS, read, record, record_seeds, results_file


def test_rows_are_appended_and_replaced(tmp_path):
    file = tmp_path / "results" / "demo.csv"
    record(file, "demo.bleu", 96.94321, "BLEU", "python -m demo, twice", 1, 61.7)
    record(file, "demo.bleu", 95.0, "BLEU", "python -m demo", 2, 60)
    record(file, "demo.bleu", 97.5, "BLEU", "python -m demo", 1, 59)
    record(file, "demo.parameters", 1234567, "parameters", "python -m demo", 1, 59)
    rows = read(file)
    assert [(r["what"], r["seed"], r["value"]) for r in rows] == [
        ("demo.bleu", "1", "97.5"),
        ("demo.bleu", "2", "95"),
        ("demo.parameters", "1", "1234567"),
    ]
    assert rows[0]["seconds"] == "59" and rows[0]["hardware"] == hardware()
    assert rows[0]["date"] == today() and rows[0]["commit"] == commit()
    with file.open(newline="") as lines:
        assert next(csv.reader(lines)) == list(COLUMNS)


def test_seeds_and_their_median(tmp_path):
    file = tmp_path / "demo.csv"
    seconds = {1: 10, 2: 20, 3: 30}
    median = record_seeds(file, "demo.bleu", {1: 90.0, 2: 99.0, 3: 95.0}, "BLEU", "c", seconds)
    assert median == 95
    assert [(r["seed"], r["value"], r["seconds"]) for r in read(file)] == [
        ("1", "90", "10"),
        ("2", "99", "20"),
        ("3", "95", "30"),
        ("1,2,3", "95", "60"),
    ]
    record_seeds(file, "demo.single", {7: 1.0}, "BLEU", "c", {7: 1})
    mean = record_seeds(file, "demo.mean", {1: 90.0, 2: 99.0}, "BLEU", "c", {1: 1, 2: 1}, mean=True)
    assert mean == 94.5 and read(file)[-1]["seed"] == "1+2"
    assert [r["seed"] for r in read(file) if r["what"] == "demo.single"] == ["7"]


def test_a_file_with_other_columns_is_refused(tmp_path):
    file = tmp_path / "demo.csv"
    file.write_text("what,value\na,1\n")
    with pytest.raises(ValueError, match="columns"):
        record(file, "demo.bleu", 1.0, "BLEU", "c", 1, 1)
    assert file.read_text() == "what,value\na,1\n"


def test_names_of_files():
    assert results_file("translate").parts[-3:] == ("benchmarks", "results", "translate.csv")
    assert read("no-such-record") == []


def test_hardware_names_processor_cores_and_gpu():
    assert re.fullmatch(r".+, \d+ cores, GPU .+", hardware())


def test_commit(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "repository"
    root.mkdir()

    def git(*words):
        identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)

    assert commit(root) == ""
    git("init")
    assert commit(root) == ""
    (root / "code.py").write_text("1")
    git("add", ".")
    git("commit", "-m", "first")
    clean = commit(root)
    assert re.fullmatch(r"[0-9a-f]{4,}", clean)
    (root / "README.md").write_text("rendered")
    (root / "benchmarks" / "results").mkdir(parents=True)
    (root / "benchmarks" / "results" / "demo.csv").write_text("recorded")
    assert commit(root) == clean
    (root / "code.py").write_text("2")
    assert commit(root) == clean + "+dirty"

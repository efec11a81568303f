"""Run folders: names, continuing a run, files that are there whole or not at all."""

import errno
import os

import pytest

from apps.harness import files
from apps.harness.config import BaseConfig, Section, merged
from apps.harness.files import atomic_path, atomic_write
from apps.harness.run_folder import (
    existing_runs,
    find_run,
    latest_run,
    run_folder,
    run_name,
    sibling,
)
from data.errors import UserError


class Data(Section):
    corpus: str = "builtin"
    data_dir: str | None = None


class Decode(Section):
    beam: int = 5


class Config(BaseConfig):
    when_used = ("decode",)
    data: Data = Data()
    decode: Decode = Decode()


@pytest.fixture
def run(tmp_path):
    """A run that was trained a little."""
    run = run_folder(tmp_path, "demo", "first")
    assert run.open(Config()) is None
    run.checkpoint.write_bytes(b"weights")
    return run


def test_opening_writes_the_configuration(tmp_path):
    run = run_folder(tmp_path, "demo", "first")
    assert not run.exists and not run.path.exists()
    run.open(Config())
    assert run.exists and not run.finished
    assert run.config(Config) == Config()


def test_a_run_goes_on_with_what_may_change(run):
    free = {"train.epochs": 99, "train.profile": True, "data.data_dir": "x", "decode.beam": 1}
    assert run.open(merged(Config(), free)) == Config()
    assert run.config(Config).train.epochs == 99


def test_a_run_of_another_configuration_is_refused_and_kept(run):
    other = merged(Config(), {"model.units": 64, "model.options": {"heads": 2}, "train.epochs": 9})
    with pytest.raises(UserError) as caught:
        run.open(other)
    message = str(caught.value)
    assert "model.units 128 -> 64" in message
    assert "model.options.heads unset -> 2" in message
    assert "epochs" not in message and "RUN=NAME" in message and "\n" not in message
    assert run.config(Config) == Config()
    assert run.checkpoint.read_bytes() == b"weights"


def test_a_run_that_never_got_anywhere_makes_way(tmp_path):
    run = run_folder(tmp_path, "demo", "first")
    run.open(Config())
    run.tokenizer.write_bytes(b"of the old configuration")
    other = merged(Config(), {"model.units": 64})
    assert run.open(other) is None
    assert run.config(Config) == other
    assert not run.tokenizer.exists()


@pytest.mark.parametrize("name", ["a/b", "../a", "", ".hidden", "-x", "a b"])
def test_a_name_that_is_no_folder_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="cannot name a run"):
        run_folder(tmp_path, "demo", name)


def test_the_default_name_is_a_valid_one(tmp_path):
    config = merged(Config(), {"data.corpus": "My Corpus/x"})
    assert run_name(Config()) == "builtin-transformer"
    assert run_name(Config(), "multi30k", "LSTM") == "multi30k-lstm"
    assert run_folder(tmp_path, "demo", run_name(config)).name == "my-corpus-x-transformer"


def test_a_missing_run_is_answered_by_those_that_there_are(tmp_path, run):
    with pytest.raises(UserError, match=r"no run frist: did you mean first\?$"):
        find_run(tmp_path, "demo", "frist")
    with pytest.raises(UserError, match=r"no run zzz; those there are: first\.$"):
        find_run(tmp_path, "demo", "zzz")
    with pytest.raises(UserError, match=r"no run first of other in .*: `make train-other`"):
        find_run(tmp_path, "other", "first")
    with pytest.raises(UserError, match="no run of other"):
        latest_run(tmp_path, "other")


def test_the_latest_run_is_a_trained_one_if_there_is_any(tmp_path, run):
    assert latest_run(tmp_path, "demo").name == "first"
    second = run_folder(tmp_path, "demo", "second")
    second.open(Config())
    os.utime(second.config_file, (1e9, 1e9))
    assert [found.name for found in existing_runs(tmp_path, "demo")] == ["second", "first"]
    second.model.write_bytes(b"")
    os.utime(second.model, (1e9, 1e9))
    assert latest_run(tmp_path, "demo").name == "second"


def test_an_unfinished_run_says_so(run):
    with pytest.raises(UserError, match="first has no trained model yet"):
        run.require_model()
    other = run_folder(run.path.parent.parent, "demo", "other")
    with pytest.raises(UserError, match="first has no trained model yet"):
        sibling(other, "first")
    run.model.write_bytes(b"")
    assert sibling(other, "first").path == run.path


def test_atomic_write_replaces_and_leaves_nothing_else(tmp_path):
    file = tmp_path / "new" / "a.json"
    atomic_write(file, "ä")
    atomic_write(file, b"b")
    assert file.read_bytes() == b"b"
    assert os.listdir(file.parent) == ["a.json"]


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "checkpoint.npz"
    atomic_write(file, b"old")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(UserError, match="cannot be written .No space left on device.: free some"):
        atomic_write(file, b"new")
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["checkpoint.npz"]


def test_an_error_while_writing_leaves_no_half_file(tmp_path):
    file = tmp_path / "model.keras"
    with pytest.raises(RuntimeError), atomic_path(file) as partial:
        assert partial.suffix == ".keras" and partial.parent == tmp_path
        partial.write_bytes(b"half")
        raise RuntimeError("interrupted")
    assert os.listdir(tmp_path) == []

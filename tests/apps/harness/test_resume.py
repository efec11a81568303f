"""A run that is killed at any moment ends with the weights of one that was not, bit for bit."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from apps.harness.checkpoint import Standing, load_checkpoint, load_mean_weights, save_checkpoint
from apps.harness.command_line import run
from apps.harness.files import atomic_path
from apps.harness.metrics_file import update
from apps.translate.__main__ import APP
from data.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
EPOCHS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("resume")


@pytest.fixture(scope="module")
def command(folder):
    """A train command with dropout and averaging whose every step writes a checkpoint."""
    words = ["the", "a", "cat", "dog", "sat", "slept", "on", "under", "mat", "lamp", "old", "red"]
    draw = random.Random(3)
    sides = [" ".join(draw.choices(words, k=draw.randint(2, 12))) for _ in range(160)]
    corpus = folder / "pairs.tsv"
    corpus.write_text("".join(f"{text}\t{text.upper()}\n" for text in sides), encoding="utf-8")

    def make(run: str) -> list[str]:
        return [
            *(sys.executable, "-m", "apps.translate", "train"),
            *("--runs", str(folder / "runs"), "--run", run),
            *("--data.corpus", "files", "--data.train", str(corpus)),
            *("--data.vocabulary", "90", "--data.batch-tokens", "256"),
            *("--model.units", "32", "--model.dropout", "0.2"),
            *("--model.options", "layers=1", "heads=2", "hidden_units=64"),
            *("--train.epochs", str(EPOCHS), "--train.checkpoint-seconds", "0"),
            *("--train.average", "2", "--decode.beam", "1", "--train.score-every", "0"),
        ]

    return make


def start(command):
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def standing(checkpoint: Path) -> tuple[int, int]:
    if not checkpoint.exists():
        return 0, 0
    with np.load(checkpoint) as file:
        found = json.loads(file["standing"].tobytes())
    return found["epoch"], found["step"]


def kill_at(process, checkpoint: Path, moment: tuple[int, int]) -> None:
    """Kills without warning once the checkpoint has reached `moment`."""
    until = time.monotonic() + 120
    while standing(checkpoint) < moment:
        assert process.poll() is None, process.stdout.read().decode()
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def whole(command, folder):
    """A run that nothing interrupted."""
    assert run(APP, command("whole")[3:]) == 0
    return folder / "runs" / "translate" / "whole"


def test_a_killed_run_ends_bit_for_bit_like_a_whole_one(command, whole):
    killed = whole.with_name("killed")
    # Another one each time: in the first epoch, or later, when there are weights to average.
    moment = random.Random().choice([(0, 1), (0, 4), (1, 0), (1, 3), (2, 0), (2, 2)])
    print(f"killed at {moment}")
    process = start(command("killed"))
    kill_at(process, killed / "checkpoint.npz", moment)
    assert not (killed / "model.keras").exists()
    process = start(command("killed"))
    output = process.communicate()[0].decode()
    assert process.returncode == 0, output
    assert "going on at epoch" in output

    with np.load(whole / "checkpoint.npz") as a, np.load(killed / "checkpoint.npz") as b:
        assert a.files == b.files
        for name in set(a.files) - {"standing"}:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)
        ours, theirs = (json.loads(file["standing"].tobytes()) for file in (a, b))
    assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}
    assert (whole / "validation.jsonl").read_text() == (killed / "validation.jsonl").read_text()
    assert sorted(os.listdir(whole / "averages")) == sorted(os.listdir(killed / "averages"))
    assert not list(killed.rglob("*partial*"))


def test_a_finished_run_says_so_and_goes_on_when_asked(command, whole, capfd, monkeypatch):
    monkeypatch.chdir(ROOT)
    shutil.copytree(whole, whole.with_name("one"))

    def train(*flags):
        status = run(APP, [*command("one")[3:], *flags])
        shown = capfd.readouterr()
        return status, shown.out, shown.err

    status, said, _ = train()
    assert status == 0 and "is finished" in said and f"--train.epochs {2 * EPOCHS}" in said
    assert "xprof" not in said
    for plugins, told in ([], True), (["profile"], False):
        monkeypatch.setattr("apps.harness.train.entry_points", lambda plugins=plugins, **_: plugins)
        status, said, _ = train("--train.profile")
        assert status == 0 and ("pip install xprof" in said) == told
    status, said, _ = train("--train.epochs", str(EPOCHS + 1))
    assert status == 0 and f"going on at epoch {EPOCHS + 1}" in said
    assert standing(whole.with_name("one") / "checkpoint.npz") == (EPOCHS + 1, 0)
    # As if it had been killed between the last checkpoint and the new model.
    update(whole.with_name("one") / "metrics.json", "training", {"epochs": EPOCHS})
    whole.with_name("one").joinpath("model.keras").unlink()
    status, said, _ = train("--train.epochs", str(EPOCHS + 1))
    assert status == 0 and "is finished" not in said
    assert whole.with_name("one").joinpath("model.keras").exists()
    status, _, error = train("--model.units", "16")
    assert status == 2
    assert "model.units 32 -> 16" in error and error.count("\n") == 1


def small_model(units=2):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(units)])
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_keeps_the_checkpoint_before(tmp_path):
    model, path = small_model(), tmp_path / "checkpoint.npz"
    save_checkpoint(path, model, Standing(epoch=1))
    before = path.read_bytes()
    with atomic_path(path) as partial:  # where the next one will be written first
        partial.write_bytes(before)
    partial.symlink_to("/dev/full")
    with pytest.raises(UserError, match="No space left on device"):
        save_checkpoint(path, model, Standing(epoch=2))
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["checkpoint.npz"]
    assert load_checkpoint(path, model).epoch == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"text", None])
def test_a_damaged_checkpoint_is_told_in_one_sentence(tmp_path, content):
    path = tmp_path / "checkpoint.npz"
    if content is None:
        save_checkpoint(path, small_model(), Standing())
        content = path.read_bytes()[:-100]
    path.write_bytes(content)
    with pytest.raises(UserError, match="is missing or damaged: delete it to start again"):
        load_checkpoint(path, small_model())
    with pytest.raises(UserError, match="is missing or damaged: delete the folder"):
        load_mean_weights([path], small_model())


def test_the_checkpoint_of_another_model_is_told_in_one_sentence(tmp_path):
    save_checkpoint(tmp_path / "checkpoint.npz", small_model(2), Standing())
    with pytest.raises(UserError, match="another model"):
        load_checkpoint(tmp_path / "checkpoint.npz", small_model(3))

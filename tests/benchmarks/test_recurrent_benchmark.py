"""The benchmark of recurrent cells, on shapes that take no time."""

import json

import keras
import pytest

from benchmarks import record, recurrent
from layers.catalogue import MEMORIES

pytestmark = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="the parts below are those of TensorFlow"
)


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Small shapes, and a folder of their own for what is recorded."""
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(recurrent, "RESULTS", tmp_path)
    monkeypatch.setattr(recurrent, "SHAPES", ((2, 3, 4), (2, 4, 8)))
    monkeypatch.setattr(recurrent, "LONG_SHAPES", ((2, 6, 4),))
    monkeypatch.setattr(recurrent, "LENGTHS", (2, 3))
    monkeypatch.setattr(recurrent, "LENGTHS_UNITS", 4)
    return tmp_path


def test_every_cell_of_the_catalogue_is_measured():
    named = {name.removesuffix("_lstm") for name in (*recurrent.CELLS, *recurrent.LONG_CELLS)}
    assert named == {name.removesuffix("_lstm") for name in MEMORIES} - {"transformer"}


def test_speed_and_lengths_are_recorded(results):
    cells = ["gru", "min_gru"]
    assert recurrent.main(["--parts", "lengths", "speed", "--cells", *cells]) == 0
    rows = {row["what"]: row for row in record.read("recurrent")}
    ratios = ("ratio", "ratio_xla")
    assert rows.keys() == {f"recurrent.{cell}.{ratio}" for cell in cells for ratio in ratios}
    assert all(float(row["value"]) > 0 for row in rows.values())
    command = "python -m benchmarks.recurrent --cells gru min_gru --parts speed"
    assert {row["command"] for row in rows.values()} == {command}
    lengths = {row["what"] for row in record.read("recurrent_lengths")}
    wanted = {f"{cell}.ms_{n}" for cell in ("keras_lstm", *cells) for n in (2, 3)}
    assert lengths == {f"recurrent_lengths.{what}" for what in wanted}
    assert (results / "recurrent_lengths.png").stat().st_size > 1000


def test_peak_memory_is_that_of_the_process(results, capsys):
    assert recurrent.main(["--peak-of", "keras_lstm_512"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) >= 0

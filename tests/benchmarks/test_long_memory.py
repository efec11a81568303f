"""The benchmark of long memory: its tasks by hand, its record, its table and its plot."""

from functools import partial

import keras
import numpy as np
import pytest

from benchmarks import long_memory, memory_tasks, record
from benchmarks.memory_tasks import SHOWN, SYMBOLS, TASKS, gradient_ratios, learn
from benchmarks.plot import spread
from layers.catalogue import MEMORIES

LENGTH = 20


@pytest.mark.parametrize("begin", [0, 7, LENGTH - memory_tasks.SHORTEST])
def test_adding_is_the_sum_of_two_marked_values(begin):
    rng = np.random.default_rng(0)
    inputs, targets = memory_tasks.draw_adding(rng, np.full(50, begin), LENGTH)
    values, markers = inputs[..., 0], inputs[..., 1]
    assert inputs.shape == (50, LENGTH, 2) and targets.shape == (50, 1)
    half = begin + (LENGTH - begin) // 2
    assert not markers[:, :begin].any() and values.min() >= 0 and 0.9 < values.max() < 1
    assert (markers[:, :half].sum(1) == 1).all() and (markers[:, half:].sum(1) == 1).all()
    by_hand = [sum(v for v, m in row if m == 1) for row in inputs.tolist()]
    np.testing.assert_allclose(targets[:, 0], by_hand, rtol=1e-6)


@pytest.mark.parametrize("begin", [0, 7, LENGTH - memory_tasks.SHORTEST])
def test_recall_asks_for_what_was_shown(begin):
    rng = np.random.default_rng(0)
    inputs, targets = memory_tasks.draw_recall(rng, np.full(50, begin), LENGTH)
    blank, sign = SYMBOLS, SYMBOLS + 1
    steps = inputs.argmax(-1)
    assert (inputs.sum(-1) == 1).all() and inputs.shape == (50, LENGTH, SYMBOLS + 2)
    for row, shown in zip(steps.tolist(), targets.tolist(), strict=True):
        blanks = LENGTH - begin - SHOWN - 1
        assert row == [*[blank] * begin, *shown, *[blank] * blanks, sign]
    assert set(targets.flat) == set(range(SYMBOLS))


def test_training_meets_every_distance():
    for task in TASKS:
        inputs, targets = next(task.batches(np.random.default_rng(0), 500, LENGTH))
        assert inputs.shape == (500, LENGTH, task.features) and len(targets) == 500
    begins = (inputs.argmax(-1) != SYMBOLS).argmax(1)
    assert set(begins) == set(range(LENGTH - memory_tasks.SHORTEST + 1))


def test_gradient_of_a_cell_that_forgets_half_at_every_step():
    def make():
        half = keras.initializers.Identity(0.5)
        return keras.layers.SimpleRNNCell(
            3, activation=None, recurrent_initializer=half, dtype="float64"
        )

    ratios = gradient_ratios(make, [1, 5, 200], seed=1)
    assert ratios == pytest.approx({1: 0.5, 5: 0.5**5, 200: 0.5**200}, rel=1e-9)


def test_a_cell_learns_and_the_same_seed_gives_the_same():
    task, sizes = TASKS[0], {"length": 10, "steps": 3, "batch": 4, "rate": 0.01}
    make = partial(keras.layers.SimpleRNNCell, 2)
    first, seconds = learn(make, task, **sizes, seed=1)
    again, _ = learn(make, task, **sizes, seed=1)
    assert first == again and 0 < first < 5 and seconds > 0


def test_cells_of_about_as_many_weights():
    for make in (keras.layers.SimpleRNNCell, keras.layers.GRUCell):
        sizes = {}
        for units in range(2, 60, 2):
            cell = make(units)
            cell.build((None, SYMBOLS + 2))
            sizes[units] = cell.count_params()
        nearest = min(sizes, key=lambda units: abs(sizes[units] - 1000))
        assert long_memory.size_of(make, 1000) == (nearest, sizes[nearest])


@pytest.fixture
def learned(monkeypatch):
    """What takes time replaced; returns the cells that had to learn."""
    cells = []

    def at_once(make, task, **settings):
        cells.append(make())
        return task.baseline / len(cells), 1.5

    def forget(make, distances, seed):
        assert make().compute_dtype == "float64"
        return {distance: 0.5**distance for distance in distances}

    monkeypatch.setattr(long_memory, "learn", at_once)
    monkeypatch.setattr(long_memory, "gradient_ratios", forget)
    monkeypatch.setattr(record, "commit", lambda: "abc1234")
    monkeypatch.setattr(record, "hardware", lambda: "a machine")
    return cells


def test_rows_table_and_plot_and_what_is_recorded_is_not_measured_again(tmp_path, learned, capsys):
    words = ["--quick", "--results", str(tmp_path), "--memories", "rnn", "lstm"]
    assert long_memory.main(words) == 0
    assert len(learned) == 4
    rows = {row["what"]: row for row in record.read(tmp_path / "long_memory.csv")}
    parts = ["units", "parameters", "adding_20.mse", "adding_20.seconds", "recall_20.accuracy"]
    parts += ["recall_20.seconds", *(f"gradient_{k}.ratio" for k in (1, *range(2, 21, 2)))]
    assert set(rows) == {f"long_memory.{name}.{part}" for name in ("rnn", "lstm") for part in parts}
    assert rows["long_memory.rnn.adding_20.mse"]["value"] == "0.166667"
    assert rows["long_memory.rnn.recall_20.accuracy"]["unit"] == "accuracy"
    assert {row["seed"] for row in rows.values()} == {"1"}
    [command] = {row["command"] for row in rows.values()}
    assert command.startswith("python -m benchmarks.long_memory --length 20 --steps 20 ")

    text = (tmp_path / "long_memory.md").read_text()
    header, rule, guess, rnn, lstm, *_ = text.splitlines()
    cells = [cell.strip() for cell in header.strip("|").split("|")]
    assert cells[0] == "memory" and "adding 20: mse" in cells and "gradient at 20" in cells
    assert rnn.startswith("| rnn ") and "0.167" in rnn and lstm.startswith("| lstm ")
    assert len({len(line) for line in (header, rule, guess, rnn, lstm)}) == 1
    assert header in capsys.readouterr().out
    assert (tmp_path / "long_memory.png").read_bytes().startswith(b"\x89PNG")

    assert long_memory.main([*words, "gru"]) == 0
    assert len(learned) == 6, "only gru was not recorded"
    text = (tmp_path / "long_memory.md").read_text()
    assert [line.split()[1] for line in text.splitlines()[3:6]] == ["rnn", "gru", "lstm"]
    assert "lstm is recorded already" in capsys.readouterr().out
    assert long_memory.main([*words, "--again"]) == 0
    assert len(learned) == 10
    assert long_memory.main([*words, "--steps", "30"]) == 0
    assert len(learned) == 14, "other settings are measured"


def test_what_the_command_of_a_row_says_is_what_was_measured():
    settings = long_memory.Settings(length=50, rate=0.003, seed=7)
    words = settings.command.split()
    assert words[:3] == ["python", "-m", "benchmarks.long_memory"]
    given = dict(zip(words[3::2], map(float, words[4::2]), strict=True))
    expected = {"length": 50, "steps": settings.steps, "batch": settings.batch, "rate": 0.003}
    assert given == {f"--{k}": v for k, v in {**expected, "parameters": 5500}.items()}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--memories", "lstn"], "There is no recurrent cell lstn: did you mean lstm?"),
        (["--memories", "transformer"], "There is no recurrent cell transformer: choose from rnn,"),
        (["--length", "5"], "The length must be at least 10, and all other sizes more than 0."),
    ],
)
def test_a_mistake_is_answered_by_one_sentence(tmp_path, learned, capsys, words, sentence):
    assert long_memory.main(["--results", str(tmp_path), *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith(sentence) and error.count("\n") == 1
    assert not learned and not list(tmp_path.iterdir())


@pytest.mark.parametrize("heights", [[0.5] * 4, [0, 0, 0.05, 1, 1], [0.1, 0.9], [1.0], []])
def test_labels_keep_their_order_and_their_distance(heights):
    named = {str(i): height for i, height in enumerate(heights)}
    places = spread(named, gap=0.2)
    ordered = sorted(named, key=named.get)
    values = [places[name] for name in ordered]
    assert all(b - a > 0.2 - 1e-9 for a, b in zip(values, values[1:], strict=False))
    assert all(0 <= value <= 1 for value in values)
    assert len(heights) != 2 or places == named


def test_every_cell_runs():
    """In float64, which the gradient needs, and with the fewest units that it takes."""
    assert set(long_memory.CELLS) == set(MEMORIES) - {"transformer"}
    for make in long_memory.CELLS.values():
        ratios = gradient_ratios(partial(make, 2, dtype="float64"), [1, 3], seed=1)
        assert all(0 < ratio < 10 for ratio in ratios.values())


def test_the_table_is_that_of_the_record():
    path = record.RESULTS / "long_memory.md"
    if not path.exists():
        pytest.skip("not measured yet")
    settings = long_memory.Settings()
    figures = long_memory.recorded(record.RESULTS / "long_memory.csv", settings)
    assert path.read_text().startswith(long_memory.table(figures, settings))

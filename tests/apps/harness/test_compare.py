"""`compare`: what differs, what it cost and what it brought, within the terminal."""

import json

import pytest

from apps.harness.compare import compare
from apps.harness.metrics_file import update
from data.errors import UserError


def make_run(root, name, config, training=None, **blocks):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    if training:
        update(folder / "metrics.json", "training", training)
    for block, values in blocks.items():
        update(folder / "metrics.json", block, values)
    return folder


def config(memory="transformer", epochs=30, **options):
    return {"train": {"epochs": epochs, "seed": 1}, "model": {"memory": memory, "options": options}}


def cells(text):
    """The table as a list of rows of cells, without its rule."""
    rows = [
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.split("\n")
    ]
    return [row for row in rows if row and not row[0].startswith("--")]


@pytest.fixture
def runs(tmp_path):
    return [
        make_run(tmp_path, "first", config(),
                 {"parameters": 1234567, "train_seconds": 98.76, "epochs": 12},
                 validation={"sacrebleu": 97.13}, test={"sacrebleu": 96.94, "accuracy": 0.987}),
        make_run(tmp_path, "second", config("lstm", layers=2),
                 {"parameters": 987, "train_seconds": 1234.5, "epochs": 30},
                 validation={"sacrebleu": 90.0}),
        make_run(tmp_path, "third", config(epochs=5)),
    ]  # fmt: skip


def test_one_line_a_run_where_it_fits(runs):
    header, *rows = cells(compare(runs, columns=200))
    assert header == [
        "run", "train.epochs", "model.memory", "model.options.layers", "parameters", "epochs",
        "train seconds", "validation sacrebleu", "test sacrebleu", "test accuracy",
    ]  # fmt: skip
    assert rows == [
        ["first", "30", "transformer", "-", "1,234,567", "12", "98.8", "97.1", "96.9", "0.987"],
        ["second", "30", "lstm", "2", "987", "30", "1,234.5", "90.0", "-", "-"],
        ["third", "5", "transformer", *"-------"],
    ]


def test_one_column_a_run_where_it_does_not(runs):
    text = compare(runs, columns=80)
    assert all(len(line) <= 80 for line in text.splitlines())
    rows = cells(text)
    assert rows[0] == ["run", "first", "second", "third"]
    assert ["test accuracy", "0.987", "-", "-"] in rows
    assert ["model.memory", "transformer", "lstm", "transformer"] in rows
    assert not any(row[0] == "train.seed" for row in rows)


def test_several_tables_for_many_runs(tmp_path):
    many = [
        make_run(tmp_path, f"run-number-{i}", config(epochs=i), {"epochs": i}) for i in range(9)
    ]
    text = compare(many, columns=60)
    assert all(len(line) <= 60 for line in text.splitlines())
    named = [name for row in cells(text) if row[0] == "run" for name in row[1:]]
    assert named == [folder.name for folder in many]


def test_equal_runs_and_a_single_run(tmp_path):
    one = make_run(tmp_path, "one", config(), {"epochs": 3})
    two = make_run(tmp_path, "two", config(), {"epochs": 3})
    assert cells(compare([one, two], 80))[0] == ["run", "parameters", "epochs", "train seconds"]
    assert cells(compare([one], 80))[1] == ["one", "-", "3", "-"]


def test_runs_of_one_name_in_two_apps(tmp_path):
    folders = [make_run(tmp_path / app, "same", config()) for app in ("translate", "sentiment")]
    assert [row[0] for row in cells(compare(folders, 80))[1:]] == [
        "translate/same",
        "sentiment/same",
    ]


def test_bad_folders(tmp_path):
    with pytest.raises(UserError, match="no run to compare"):
        compare([])
    with pytest.raises(UserError, match="no run folder"):
        compare([tmp_path])
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="holds no settings"):
        compare([tmp_path])

"""`metrics.json` is merged, never half written, and says how its figures were measured."""

import json

import pytest

from apps.harness.metrics_file import forget, read, record_evaluation, update
from data.errors import UserError


def test_update_merges(tmp_path):
    path = tmp_path / "run" / "metrics.json"
    assert read(path) == {}
    update(path, "training", {"parameters": 10, "epochs": 1})
    update(path, "training", {"epochs": 2})
    update(path, "test", {"bleu": 1.5})
    assert read(path) == {"training": {"parameters": 10, "epochs": 2}, "test": {"bleu": 1.5}}
    assert [file.name for file in path.parent.iterdir()] == ["metrics.json"]


def test_an_evaluation_replaces_the_one_before(tmp_path):
    path = tmp_path / "metrics.json"
    record_evaluation(path, "test", {"bleu": 1.0, "old_check": 0.5}, 2.0)
    record_evaluation(path, "test", {"bleu": 2.0}, 3.21, {"bleu": "case:mixed"}, {"a": "better"})
    found = read(path)
    assert found["test"] == {"bleu": 2.0}
    measured = found["measured"]["test"]
    assert measured["signatures"] == {"bleu": "case:mixed"}
    assert measured["seconds"] == 3.2 and measured["against"] == {"a": "better"}
    assert "cores" in measured["hardware"] and len(measured["date"]) == 10


def test_forget_keeps_what_training_wrote(tmp_path):
    path = tmp_path / "metrics.json"
    forget(path)
    assert not path.exists()
    update(path, "training", {"epochs": 2})
    record_evaluation(path, "validation", {"bleu": 1.0}, 2.0)
    forget(path)
    assert read(path) == {"training": {"epochs": 2}}


@pytest.mark.parametrize("content", ["{", "[1]", "", '{"test": 1}'])
def test_a_broken_file_is_named(tmp_path, content):
    path = tmp_path / "metrics.json"
    path.write_text(content)
    with pytest.raises(UserError, match="metrics.json"):
        update(path, "test", {"bleu": 1.0})
    assert path.read_text() == content


def test_numbers_survive_as_json(tmp_path):
    path = tmp_path / "metrics.json"
    update(path, "test", {"bleu": 12.345678901234567, "language": "čeština"})
    assert json.loads(path.read_text(encoding="utf-8"))["test"]["bleu"] == 12.345678901234567
    assert "čeština" in path.read_text(encoding="utf-8")

"""The tables on our pages are those of the record."""

import pytest

from apps.harness.provenance import ROOT
from benchmarks.record import record, record_seeds
from benchmarks.results import pages, rendered


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_show_the_record(page):
    text = page.read_text(encoding="utf-8")
    assert rendered(text) == text, "run `make results`"


@pytest.fixture
def results(tmp_path):
    file = tmp_path / "demo.csv"
    seconds = {1: 10, 2: 10, 3: 10}
    record_seeds(file, "demo.small.bleu", {1: 90.0, 2: 99.04, 3: 95.0}, "BLEU", "run a", seconds)
    record(file, "demo.small.accuracy", 0.98765, "accuracy", "run a", "1,2,3", 30)
    record(file, "demo.small.train_seconds", 98.7, "s", "run a", "1,2,3", 30)
    record(file, "demo.small-blind.accuracy", 0.5, "accuracy", "run b", 1, 10)
    record(file, "demo.small-blind.parameters", 1234567, "parameters", "run b", 1, 10)
    return tmp_path


def page(names, inside=""):
    return f"# Title\n\n<!-- results:{names} -->\n{inside}<!-- /results -->\n\nThe end.\n"


def test_a_table_by_hand(results):
    text = rendered(page("demo", "old\n"), results)
    lines = text.splitlines()
    assert lines[3:7] == [
        "|  | bleu | accuracy | train seconds | parameters | seed |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| small | 95.0 | 0.988 | 99 | – | median of 3 |",
        "| small-blind | – | 0.500 | – | 1,234,567 | 1 |",
    ]
    assert lines[8].startswith("Measured on ") and lines[8].endswith("by `run a`, `run b`.")
    assert lines[-1] == "The end." and "old" not in text
    assert rendered(text, results) == text


def test_a_name_selects_whole_parts_only(results):
    text = rendered(page("demo.small"), results)
    assert "| small |" in text and "small-blind" not in text
    both = rendered(page("demo.small-blind demo.small"), results)
    assert both.index("| small-blind |") < both.index("| small |")


def test_a_changed_record_changes_the_page(results):
    before = rendered(page("demo"), results)
    record(results / "demo.csv", "demo.small-blind.accuracy", 0.25, "accuracy", "run b", 1, 10)
    assert rendered(before, results) != before


@pytest.mark.parametrize("names", ["demo.nothing", "nothing", "demo.smal", ""])
def test_a_marker_that_refers_to_nothing(results, names):
    with pytest.raises(ValueError, match="marker"):
        rendered(page(names), results)


def test_a_marker_that_is_not_closed(results):
    with pytest.raises(ValueError, match="not followed"):
        rendered("<!-- results:demo -->\n\ntext\n", results)


def test_a_page_without_tables_stays(results):
    assert rendered("# Title\n", results) == "# Title\n"

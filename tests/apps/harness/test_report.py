"""Reports and tables fit 80 columns and say what they were given."""

import pytest

from apps.harness.report import WIDTH, Measure, examples, number, render, table, width, wrap

MEASURES = {
    "bleu": Measure("Quality (0 to 100)", "how alike the texts are"),
    "accuracy": Measure("Checks", "the share of right answers, explained at such length " * 2, 3),
}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (39.87, "39.9"), (0.98765, "0.988"), (1234567, "1,234,567"), (98.0, "98.0"),
     ("text", "text"), (True, "True"), (-1.5, "-1.500"), (1, "1")],
)  # fmt: skip
def test_number(value, shown):
    assert number(value) == shown


def test_number_with_digits():
    assert number(0.5, 1) == "0.5"
    assert number(1234.5678, 2) == "1,234.57"


def test_width_of_chinese():
    assert width("abc") == 3
    assert width("我喜欢") == 6
    assert width("e\u0301") == 1


def test_wrap_keeps_every_character_and_the_width():
    text = "nrefs:1|case:lc|eff:no|tok:norm+moses-de|smooth:none and some words more"
    lines = wrap(text, 20)
    assert all(width(line) <= 20 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert lines[0].endswith("|")
    assert wrap("", 10) == [""]
    assert wrap("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrap("我喜欢喝绿茶", 5) == ["我喜", "欢喝", "绿茶"]


def test_table_aligns():
    assert table(["run", "BLEU"], [["a", "39.9"], ["longer", "7"]]).splitlines() == [
        "run     BLEU",
        "------  ----",
        "a       39.9",
        "longer     7",
    ]
    columns = {
        width(line) for line in table(["茶", "n"], [["a", "1"], ["我喜欢", "22"]]).split("\n")
    }
    assert len(columns) == 1


def test_examples_are_spread_and_repeatable():
    found = examples(3, source=[f"s{i}" for i in range(9)], hypothesis=[f"h{i}" for i in range(9)])
    assert found == [{"source": f"s{i}", "hypothesis": f"h{i}"} for i in (1, 4, 7)]
    assert examples(5, source=["only"]) == [{"source": "only"}]
    assert examples(5, source=[]) == []
    with pytest.raises(ValueError):
        examples(1, source=["a"], hypothesis=[])


def test_report_groups_explains_and_fits():
    text = render(
        "translate, run demo, test (1,000 examples)",
        {"accuracy": 0.98765, "bleu": 39.87, "unheard_of": 3},
        MEASURES,
        {"bleu": "|".join(f"setting{i}:value{i}" for i in range(8))},
        [{"source": "A cat. " * 20, "hypothesis": "我喜欢喝绿茶。" * 12}],
    )
    lines = text.splitlines()
    assert all(width(line) <= WIDTH for line in lines)
    assert lines.index("Quality (0 to 100)") < lines.index("Checks") < lines.index("Other")
    assert "  bleu            39.9  how alike the texts are" in lines
    assert any(
        line.startswith("  accuracy       0.988  the share of right answers") for line in lines
    )
    assert "  unheard_of         3" in lines
    assert any(line.startswith("  bleu  setting0:value0|setting1:value1|") for line in lines)
    assert "".join(text.split()).count("我喜欢喝绿茶。") == 12


def test_report_without_extras():
    assert render("demo", {"bleu": 1.0}, MEASURES) == (
        "demo\n====\n\nQuality (0 to 100)\n  bleu       1.0  how alike the texts are\n"
    )

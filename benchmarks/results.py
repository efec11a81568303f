"""`make results`: renders the tables of README and the other pages from the record.

A page asks for a table with two comment lines, which stay; what is between them is replaced:

    <!-- results:translate.builtin translate.builtin-blind -->
    <!-- /results -->

The first part of a name is a file of `benchmarks/results`; a name selects the rows below it
(`translate.builtin` that of `translate.builtin.en-de.bleu`, not of `translate.builtin-blind...`).
The last part of a row's name is its column in the table, what is between its line.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from apps.harness.files import atomic_write
from apps.harness.provenance import ROOT
from apps.harness.report import number

from .record import RESULTS, read

MARKED = re.compile(
    r"(?P<start>^<!-- results:(?P<names>[^\n]*?) -->\n)(?P<table>.*?)(?P<end>^<!-- /results -->$)",
    re.DOTALL | re.MULTILINE,
)
DIGITS = {
    **{"BLEU": 1, "chrF": 1, "accuracy": 3, "ratio": 3, "share": 2, "F1": 3, "error": 3, "p": 3},
    **{"min": 1, "s": 0, "ms": 1, "tokens/s": 0, "sentences/s": 0, "texts/s": 0},
}
"""Digits after the point, by unit."""


def pages(root: Path = ROOT) -> list[Path]:
    """The pages that may hold tables of results."""
    folders = (root, root / "layers", root / "benchmarks")
    found = [*(folder / "README.md" for folder in folders), *root.glob("apps/**/README.md")]
    return sorted(path for path in found if path.is_file())


def rendered(text: str, results: Path = RESULTS) -> str:
    """A page with every table rendered anew.

    Raises:
        ValueError: a marker selects no row, or is not closed.
    """
    if len(MARKED.findall(text)) != len(re.findall(r"^<!-- results:", text, re.MULTILINE)):
        raise ValueError("A results marker is not followed by a line `<!-- /results -->`.")

    def fill(match: re.Match) -> str:
        return f"{match['start']}{table(match['names'].split(), results)}{match['end']}"

    return MARKED.sub(fill, text)


def table(names: Sequence[str], results: Path = RESULTS) -> str:
    """The Markdown table of the rows that `names` select, and a line on how they were measured.

    Raises:
        ValueError: a name selects no row, or none was given.
    """
    if not names:
        raise ValueError("A results marker names no rows: `<!-- results:NAME -->`.")
    rows = [row for name in names for row in _selected(name, results)]
    lines: dict[tuple[str, str], dict[str, str]] = {}
    columns: dict[str, str] = {}
    for row in rows:
        label, _, metric = row["what"].partition(".")[2].rpartition(".")
        columns.setdefault(metric, metric.replace("_", " "))
        lines.setdefault((label, row["seed"]), {})[metric] = _value(row)

    header = ["", *columns.values(), "seed"]
    body = [
        [label, *(cells.get(metric, "–") for metric in columns), _averaged(seed)]
        for (label, seed), cells in lines.items()
    ]
    text = [_line(header), _line(["---", *["---:"] * (len(header) - 1)]), *map(_line, body)]
    return "\n".join([*text, "", _measured(rows), ""])


def _selected(name: str, results: Path) -> list[dict[str, str]]:
    """The rows below `name`; where there is a median or a mean, without what it is of."""
    rows = read(results / f"{name.partition('.')[0]}.csv")
    rows = [row for row in rows if f"{row['what']}.".startswith(f"{name}.")]
    if not rows:
        raise ValueError(f"The results marker {name} selects no row of {results}.")
    averages = [(row["what"], seeds) for row in rows if len(seeds := _seeds(row["seed"])) > 1]
    return [
        row
        for row in rows
        if not any(row["what"] == what and row["seed"] in seeds for what, seeds in averages)
    ]


def _value(row: dict[str, str]) -> str:
    value = float(row["value"])
    if row["unit"] in DIGITS:
        return number(value, DIGITS[row["unit"]])
    return number(int(value) if value.is_integer() else value)


def _seeds(seed: str) -> list[str]:
    return re.split("[,+]", seed)


def _averaged(seed: str) -> str:
    count = len(_seeds(seed))
    return seed if count == 1 else f"{'mean' if '+' in seed else 'median'} of {count}"


def _measured(rows: Sequence[dict[str, str]]) -> str:
    """Where and when, from the rows: `Measured on ..., commit ..., 2026-01-31.`"""

    def all_of(column: str) -> str:
        return "; ".join(dict.fromkeys(row[column] for row in rows if row[column]))

    dates = sorted(row["date"] for row in rows)
    when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    commits = f", commit {all_of('commit')}" if all_of("commit") else ""
    commands = ", ".join(f"`{c}`" for c in dict.fromkeys(row["command"] for row in rows))
    return f"Measured on {all_of('hardware')}{commits}, {when}, by {commands}."


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Rewrites the pages whose tables differ from the record."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        try:
            new = rendered(text)
        except ValueError as error:
            print(f"{page.relative_to(ROOT)}: {error}", file=sys.stderr)
            return 2
        if new != text:
            atomic_write(page, new)
            print(f"{page.relative_to(ROOT)}: tables rendered anew")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

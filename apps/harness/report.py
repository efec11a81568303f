"""Readable reports: measures in groups, each with a few words, then examples; 80 columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 80
OTHER = "Other"


@dataclass(frozen=True)
class Measure:
    """How a report presents one metric."""

    group: str
    """The heading it stands under, which says the range if that is not plain."""
    words: str
    """What it is, in a few words."""
    digits: int = 1
    """Digits after the decimal point."""


def number(value: Any, digits: int | None = None) -> str:
    """A value as tables show it; `-` where there is none.

    Without `digits`, a number between -2 and 2 (a share, a ratio, a loss) has three and any
    other has one: 0.987, 39.9. Whole numbers are grouped: 1,234,567.
    """
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) and digits is None:
        return f"{value:,}"
    if digits is None:
        digits = 3 if abs(value) < 2 else 1
    return f"{value:,.{digits}f}"


def width(text: str) -> int:
    """The columns that `text` takes in a terminal; Chinese characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def wrap(text: str, columns: int) -> list[str]:
    """`text` in lines of at most `columns`, broken after spaces and `|`, else anywhere."""
    lines, line = [], ""
    for word in _words(text):
        if line and width((line + word).rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        for character in word:
            if line and character != " " and width(line + character) > columns:
                lines.append(line)
                line = ""
            line += character
    lines.append(line.rstrip())
    return lines


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A text table with a rule under its header; the first `left` columns are flush left."""
    widths = [max(map(width, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell + " " * (size - width(cell)) if i < left else " " * (size - width(cell)) + cell
            for i, (cell, size) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(header), "  ".join("-" * size for size in widths), *map(line, rows)])


def render(
    title: str,
    metrics: Mapping[str, float],
    measures: Mapping[str, Measure],
    signatures: Mapping[str, str] | None = None,
    examples: Sequence[Mapping[str, Any]] = (),
) -> str:
    """A report as plain text.

    Args:
        title: the first line: what was scored, on which split.
        metrics: metric name to value.
        measures: how to present the metrics, in the order in which to do so; a metric that is
            not among them is listed at the end under its bare name.
        signatures: metric name to the settings it was computed with.
        examples: what to show as examples, each a mapping of labels (`source`, `reference`,
            `hypothesis`) to texts, as from `examples`.
    """
    known = [name for name in measures if name in metrics]
    other = [name for name in metrics if name not in measures]
    groups: dict[str, list[str]] = {}
    for name in known + other:
        group = measures[name].group if name in measures else OTHER
        groups.setdefault(group, []).append(name)

    blocks = ["\n".join([*wrap(title, WIDTH), "=" * min(width(title), WIDTH)])]
    names = max(map(width, metrics), default=0)
    for group, members in groups.items():
        lines = wrap(group, WIDTH)
        for name in members:
            measure = measures.get(name)
            shown = number(metrics[name], measure.digits if measure else None)
            start = f"  {name:<{names}}  {shown:>8}  "
            lines += _hang(start, measure.words if measure else "")
        blocks.append("\n".join(lines))
    if signatures:
        labels = max(map(width, signatures))
        lines = ["Signatures"]
        for name, signature in signatures.items():
            lines += _hang(f"  {name:<{labels}}  ", signature)
        blocks.append("\n".join(lines))
    if examples:
        blocks.append("\n\n".join(["Examples", *map(_example, examples)]))
    return "\n\n".join(blocks) + "\n"


def examples(count: int = 5, **columns: Sequence[str]) -> list[dict[str, str]]:
    """`count` rows spread evenly over the columns, the same ones at every call.

    `examples(source=sources, hypothesis=hypotheses)` gives
    `[{"source": ..., "hypothesis": ...}, ...]`.
    """
    rows = list(zip(*columns.values(), strict=True))
    count = min(count, len(rows))
    chosen = [rows[(2 * i + 1) * len(rows) // (2 * count)] for i in range(count)]
    return [dict(zip(columns, row, strict=True)) for row in chosen]


def _example(example: Mapping[str, Any]) -> str:
    labels = max(map(width, example))
    lines = []
    for label, text in example.items():
        lines += _hang(f"  {label:<{labels}}  ", number(text))
    return "\n".join(lines)


def _hang(start: str, text: str) -> list[str]:
    """`text` after `start`, its further lines indented to where it begins."""
    indent = width(start)
    first, *rest = wrap(text, WIDTH - indent)
    return [(start + first).rstrip(), *(" " * indent + line for line in rest)]


def _words(text: str) -> list[str]:
    """`text` cut after each space and each `|`."""
    words = [""]
    for character in text:
        words[-1] += character
        if character in " |":
            words.append("")
    return words

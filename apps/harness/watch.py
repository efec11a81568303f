"""What an app shows of a run beyond numbers, and how to write a table of sentences."""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def nothing() -> dict:
    """No texts, no figures."""
    return {}


@dataclass(frozen=True)
class Watch:
    """What TensorBoard shows of a run beside its curves.

    Every callable looks at the model as it is when called: the callback calls them between epochs
    and at the end, `scores` first, so that what it decoded can be shown by `texts`.
    """

    texts: Callable[[], Mapping[str, str]] = nothing
    """Tag to Markdown; `markdown_table` makes a table of sentences."""
    figures: "Callable[[], Mapping[str, Figure]]" = nothing
    """Tag to matplotlib figure."""
    embedding: Callable[[], tuple[np.ndarray, Mapping[str, Sequence[str]]]] | None = None
    """Vectors `(n, units)` and columns of n labels by their names, for the embedding projector."""
    scores: Callable[[], Mapping[str, float]] | None = None
    """Validation scores that need more than a forward pass, such as the BLEU of decoding."""
    inputs: Callable[[], Any] | None = None
    """A small batch to call the model on, as `fit` would; the graph that is shown is traced with
    it."""
    unit: str = "tokens"
    """What the log `items` counts, in the plural: speed is shown in these per second."""


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table whose cells show their text as it is, whatever characters it holds.

    Args:
        columns: the headings.
        rows: as many cells as there are columns, each.

    Raises:
        ValueError: a row has more or fewer cells than there are columns.
    """
    lines = [_row(columns), "|" + " --- |" * len(columns)]
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(
                f"A row of this table needs {len(columns)} cells ({', '.join(columns)}), "
                f"not {len(row)}."
            )
        lines.append(_row(row))
    return "\n".join(lines)


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_literal(str(cell)) for cell in cells) + " |"


def _literal(text: str) -> str:
    # Character references survive where backslashes do not: inside a table cell Python-Markdown
    # splits at an escaped bar too.
    text = html.escape(" ".join(text.split()))
    for character in "\\`*_{}[]|":
        text = text.replace(character, f"&#{ord(character)};")
    return text

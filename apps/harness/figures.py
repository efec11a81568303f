"""Figures of a run, drawn without a display."""

import io
from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from data.text import WORD_START

DOTS_PER_INCH = 100
LONGEST = 80
"""Tokens of a side that a map shows; of a longer text the first ones are shown."""

CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans GB",
    "Arial Unicode MS",
)
"""Fonts with Chinese and Japanese glyphs, as Linux and macOS name them; the first found is used."""

CONTINUATION = "·"


def attention_map(
    scores: np.ndarray,
    source: Sequence[str],
    target: Sequence[str],
    title: str | None = None,
) -> Figure:
    """A map of what each target token attends to.

    Args:
        scores: `(target, source)`, or `(heads, target, source)` for a map of each head; weights
            between 0 and 1. Rows and columns beyond the tokens are padding and are left out.
        source: the tokens attended to, shown along the top.
        target: the tokens that attend, shown down the side.
        title: shown above.

    Raises:
        ValueError: `scores` has another rank, or fewer rows or columns than there are tokens.
    """
    scores = np.asarray(scores, "float32")
    maps = scores[None] if scores.ndim == 2 else scores
    if maps.ndim != 3 or maps.shape[1] < len(target) or maps.shape[2] < len(source):
        raise ValueError(
            f"An attention map of {len(target)} target and {len(source)} source tokens needs "
            "scores (target, source) or (heads, target, source) of at least that size, "
            f"not {scores.shape}."
        )
    notes = [title] if title else []
    for side, tokens in (("source", source), ("target", target)):
        if len(tokens) > LONGEST:
            notes.append(f"(the first {LONGEST} of {len(tokens)} {side} tokens)")
    columns, rows = (
        [visible(label) for label in piece_labels(tokens[:LONGEST])] for tokens in (source, target)
    )
    return _draw(maps[:, : len(rows), : len(columns)], columns, rows, " ".join(notes))


def _draw(maps: np.ndarray, columns: list[str], rows: list[str], title: str) -> Figure:
    heads = len(maps)
    across = 1 if heads == 1 else 2
    down = -(-heads // across)
    # Every token has the same room whatever the length of the sentence: the figure grows.
    cell = 0.3 if heads == 1 else 0.24
    letter = 0.08 * cell / 0.3
    left = letter * max((_width(label) for label in rows), default=1) + 0.15
    top = letter * max((_width(label) for label in columns), default=1) + 0.12
    width, height = cell * max(len(columns), 1), cell * max(len(rows), 1)
    gap, head_title, margin = 0.25, 0.0 if heads == 1 else 0.25, 0.15
    title_room = 0.3 if title else 0.0
    full_width = left + across * width + (across - 1) * gap + margin
    full_height = title_room + top + down * (height + head_title) + (down - 1) * gap + margin
    # A very short sentence still leaves room for the title.
    full_width = max(full_width, 0.085 * _width(title) + 2 * margin)

    figure = Figure(figsize=(full_width, full_height), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    for head, weights in enumerate(maps):
        row, column = divmod(head, across)
        below = full_height - title_room - top - (row + 1) * (height + head_title) - row * gap
        axes = figure.add_axes(
            (
                (left + column * (width + gap)) / full_width,
                below / full_height,
                width / full_width,
                height / full_height,
            )
        )
        # The scale is the same in every map; the root lets attention spread over many tokens show.
        axes.pcolormesh(
            weights, cmap="Blues", norm=PowerNorm(0.5, 0, 1), edgecolors="#e8e8e8", linewidth=0.5
        )
        axes.invert_yaxis()
        _label(axes.xaxis, columns if row == 0 else [], cell)
        _label(axes.yaxis, rows if column == 0 else [], cell)
        axes.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
        axes.tick_params(axis="x", rotation=90)
        for spine in axes.spines.values():
            spine.set_color("#999999")
        if heads > 1:
            axes.set_xlabel(f"head {head + 1}", fontsize=8, labelpad=2)
    if title:
        figure.text(
            0.5,
            1 - 0.1 / full_height,
            visible(title),
            ha="center",
            va="top",
            fontsize=10,
            fontfamily=fonts(),
            parse_math=False,
        )
    return figure


def _label(axis, labels: list[str], cell: float) -> None:
    axis.set_ticks(np.arange(len(labels)) + 0.5)
    axis.set_ticklabels(labels, fontsize=10 * cell / 0.3, fontfamily=fonts(), parse_math=False)


def _width(text: str) -> int:
    """About how many letters wide a text is: Chinese characters are two."""
    return sum(2 if ord(character) >= 0x1100 else 1 for character in text)


def figure_to_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=figure.dpi)
    return file.getvalue()


def piece_labels(pieces: Sequence[str]) -> list[str]:
    """Subword pieces as people read them.

    Where pieces carry SentencePiece's mark of a word's beginning, it is taken off, and a piece that
    goes on with a word is marked instead: `▁walk` `ing` becomes `walk` `·ing`. Punctuation and
    scripts without spaces need no such mark.
    """
    marked = any(piece.startswith(WORD_START) for piece in pieces)
    labels = []
    for piece in pieces:
        if piece.startswith(WORD_START):
            piece = piece.removeprefix(WORD_START) or "␣"
        elif marked and piece[:1].isalpha() and ord(piece[0]) < 0x1100:
            piece = CONTINUATION + piece
        labels.append(piece.replace(WORD_START, "␣"))
    return labels


def visible(text: str) -> str:
    """The text with characters that cannot be drawn written as `\\u4f60`."""
    glyphs = _glyphs()
    return "".join(
        character
        if character.isprintable() and ord(character) in glyphs
        else character.encode("unicode_escape").decode()
        for character in text
    )


@cache
def fonts() -> list[str]:
    """Families to draw with: matplotlib's own, and one for Chinese if the machine has it."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *[name for name in CJK_FONTS if name in installed][:1]]


@cache
def _glyphs() -> frozenset[int]:
    files = (font_manager.findfont(name, fallback_to_default=False) for name in fonts())
    return frozenset(code for file in files for code in FT2Font(file).get_charmap())

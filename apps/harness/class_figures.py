"""Figures of a classifier, drawn without a display: what it confuses, how sure it may be, and why.

Curves have the colours of Okabe and Ito (2008), cells one scale of blue, which most people can tell
apart; where the colours do not suffice, lines differ in their dashes too.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import PercentFormatter
from sklearn.metrics import average_precision_score, precision_recall_curve

from .figures import DOTS_PER_INCH, fonts, visible
from .highlight import AGAINST, FOR, STRONG, Words, shares
from .report import width

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", ":")
GREY = "#777777"
LONGEST_NAME = 24
"""Columns of a class's name that are shown; Chinese characters take two."""
NUMBERED = 30
"""The most classes of a confusion matrix with numbers in it; of more, the shades tell."""

LABEL = 9
TEXT = 10
"""Sizes of letters, in points."""

PAGE = 9.0
"""Width in inches of texts with shaded words."""

LINE = 0.24
LINES = 12
"""Lines that are shown of a text; of a longer one the first are."""


def confusion_matrix(counts: np.ndarray, classes: Sequence[str]) -> Figure:
    """How many examples of each class were taken for which.

    Args:
        counts: `(classes, classes)`, examples by true class and predicted class. The shade of a
            cell is its share of the examples of its true class.
        classes: the names.

    Raises:
        ValueError: `counts` has another shape.
    """
    counts = np.asarray(counts)
    number = len(classes)
    if counts.shape != (number, number):
        raise ValueError(
            f"A confusion matrix of {number} classes has the shape ({number}, {number}), "
            f"not {counts.shape}."
        )
    totals = counts.sum(axis=1, keepdims=True)
    of_class = counts / np.maximum(totals, 1)
    rows = [f"{_name(name)}  {total:,}" for name, total in zip(classes, totals[:, 0], strict=True)]
    columns = list(map(_name, classes))

    cell = 1.5 if number < 2 else 0.9 if number <= 5 else 0.62 if number <= 10 else 0.5
    upright = _widest(columns) > cell - 0.1
    left = _widest(rows) + 0.5
    top = (_widest(columns) if upright else 0.15) + 0.5
    size, margin = cell * max(number, 1), 0.15
    figure, (axes,) = _figure(left + size + margin, top + size + margin, [(left, top, size, size)])
    axes.pcolormesh(of_class, cmap="Blues", vmin=0, vmax=1, edgecolors="#e8e8e8", linewidth=0.5)
    axes.invert_yaxis()
    digits = max((len(f"{count:,}") for count in counts.flat), default=1)
    letters = min(10 if cell > 0.6 else 8, 72 * cell / (0.7 * digits))
    for (row, column), count in np.ndenumerate(counts) if number <= NUMBERED else ():
        share = of_class[row, column]
        axes.text(
            column + 0.5,
            row + 0.5,
            f"{count:,}\n{share:.0%}" if count else "0",
            ha="center",
            va="center",
            fontsize=letters,
            color="white" if share > 0.55 else "black" if count else "#aaaaaa",
        )
    places = np.arange(number) + 0.5
    axes.set_xticks(places, columns, fontsize=LABEL, rotation=90 if upright else 0)
    axes.set_yticks(places, rows, fontsize=LABEL)
    axes.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
    axes.set_xlabel("predicted", fontsize=LABEL, color=GREY, labelpad=6)
    axes.xaxis.set_label_position("top")
    axes.set_ylabel("true class, examples", fontsize=LABEL, color=GREY, labelpad=6)
    axes.spines[:].set_color("#999999")
    return _literal(figure)


def precision_recall(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> Figure:
    """Precision over recall for each class against the others; of two classes, for the second.

    The legend has each curve's average precision, and names classes that have no examples.

    Args:
        labels: `(examples,)`, the index of the class of each.
        probabilities: `(examples, classes)`.
        classes: the names.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if probabilities.shape != (len(labels), len(classes)):
        raise ValueError(
            f"Precision and recall of {len(labels)} examples in {len(classes)} classes need "
            f"probabilities of the shape ({len(labels)}, {len(classes)}), "
            f"not {probabilities.shape}."
        )
    shown = [1] if len(classes) == 2 else range(len(classes))
    height = max(3.9, 0.2 * len(shown) + 0.2)
    there = [bool((labels == index).any()) for index in range(len(classes))]
    names = [
        _name(name) + ("" if any_there else " (no examples)")
        for name, any_there in zip(classes, there, strict=True)
    ]
    legend = _widest(["average precision", *(f"0.000 {names[index]}" for index in shown)])
    figure, (axes,) = _figure(5.5 + legend, height + 0.7, [(0.65, 0.15, 4.1, height)])
    for place, index in enumerate(shown):
        style = {
            "color": COLOURS[place % len(COLOURS)],
            "linestyle": DASHES[place // len(COLOURS) % len(DASHES)],
            "drawstyle": "steps-post",
            "linewidth": 1.6 if len(shown) <= len(COLOURS) else 1.2,
        }
        if not there[index]:
            axes.plot([], [], label=f"   -   {names[index]}", **style)
            continue
        positive, scores = labels == index, probabilities[:, index]
        precision, recall, _ = precision_recall_curve(positive, scores, drop_intermediate=True)
        average = average_precision_score(positive, scores)
        axes.plot(recall, precision, label=f"{average:.3f} {names[index]}", **style)
    axes.set(xlim=(0, 1.005), ylim=(0, 1.015))
    _label(axes, "recall", "precision")
    axes.legend(
        title="average precision",
        title_fontsize=LABEL,
        fontsize=LABEL,
        loc="upper left",
        bbox_to_anchor=(1.02, 1.01),
        borderaxespad=0,
        frameon=False,
        alignment="left",
        labelspacing=0.35,
    )
    return _literal(figure)


def calibration(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[int]]],
) -> Figure:
    """How often the model is right where it is how sure; a calibrated one is on the diagonal.

    Args:
        curves: name (such as `before` and `after` temperature scaling) to three arrays `(bins,)`
            over bins of equal width from 0 to 1: mean confidence, accuracy and number of texts. A
            bin without texts is left out. The legend has each curve's expected calibration error.
    """
    top = 0.4 + 0.19 * len(curves)  # the legend's
    figure, (axes, bars) = _figure(
        5.0, top + 5.3, [(0.7, top, 4.15, 3.6), (0.7, top + 3.75, 4.15, 1.05)]
    )
    lowest = 1.0
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="calibrated")
    for place, (name, curve) in enumerate(curves.items()):
        confidence, accuracy, count = map(np.asarray, curve)
        there = count > 0
        edges = np.linspace(0, 1, len(count) + 1)[:-1]
        of_all = count / max(count.sum(), 1)
        error = np.sum(of_all[there] * np.abs(accuracy - confidence)[there])
        style = {"color": COLOURS[place % len(COLOURS)]}
        axes.plot(
            confidence[there],
            accuracy[there],
            marker="os^D"[place % 4],
            markersize=5,
            linewidth=1.6,
            label=f"{_name(name)}: calibration error {error:.3f}",
            **style,
        )
        slot = 0.9 / len(count) / len(curves)
        middle = edges + 0.05 / len(count) + (place + 0.5) * slot
        bars.bar(middle, of_all, slot, **style)
        lowest = min([lowest, *edges[there]])
    lowest = lowest if lowest < 1 else 0  # there are no texts at all
    axes.set(xlim=(lowest, 1), ylim=(0, 1.02))
    bars.set_xlim(lowest, 1)
    axes.tick_params(labelbottom=False)
    bars.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    bars.locator_params(axis="y", nbins=4)
    _label(axes, "", "accuracy")
    _label(bars, "confidence", "texts")
    figure.align_ylabels()
    axes.legend(
        fontsize=LABEL,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1),
        frameon=False,
        labelspacing=0.35,
    )
    return _literal(figure)


def word_weights(rows: Sequence[tuple[str, Words]]) -> Figure:
    """Texts whose words are shaded by what they weigh, as `highlight.page` shows them.

    Args:
        rows: for each text a title, such as `right: positive 0.98`, and its words with weights.
    """
    figure, (axes,) = _figure(PAGE, 1, [(0, 0, PAGE, 1)])
    measure, margin, y = _ruler(TEXT), 0.2, 0.25
    second = measure("for the answer") + 0.1
    legend = [
        ("for the answer", 1.0, 0.0, second - 0.1),
        ("against it", -1.0, second, measure("against it")),
    ]
    blocks = [("", [legend]), *((title, _wrapped(words, measure)) for title, words in rows)]
    for title, lines in blocks:
        if title:
            more = f"   (the first {LINES} of {len(lines)} lines)" if len(lines) > LINES else ""
            axes.text(margin, y, visible(title) + more, fontsize=LABEL, color=GREY, va="center")
            y += LINE
        for line in lines[:LINES]:
            for text, share, x, size in line:
                _shade(axes, margin + x, y, size, share)
                axes.text(margin + x, y, text, fontsize=TEXT, va="center_baseline")
            y += LINE
        y += 0.14
    axes.set_axis_off()
    axes.set(xlim=(0, PAGE), ylim=(y, 0))
    figure.set_size_inches(PAGE, y)
    return _literal(figure)


def _wrapped(
    words: Words, measure: Callable[[str], float]
) -> list[list[tuple[str, float, float, float]]]:
    """Lines of `(text, share of the largest weight, left end, width)`, in inches."""
    room, blank = PAGE - 0.4, measure("n n") - measure("nn")
    lines: list[list[tuple[str, float, float, float]]] = [[]]
    end = gap = 0.0
    for (word, _), share in zip(words, shares(words), strict=True):
        for part in re.findall(r"\s+|\S+", word):
            if part.isspace():
                gap = blank if end else 0.0
                continue
            for text in _fitting(visible(part), measure, room):
                size = measure(text)
                if end and end + gap + size > room:
                    lines.append([])
                    end = gap = 0.0
                lines[-1].append((text, share, end + gap, size))
                end, gap = end + gap + size, 0.0
    if _right_to_left("".join(word for word, _ in words)):
        lines = [[(text, s, room - x - size, size) for text, s, x, size in line] for line in lines]
    return lines


def _fitting(text: str, measure: Callable[[str], float], room: float) -> list[str]:
    """`text`, in parts of at most about a line."""
    letters = max(1, int(len(text) * room / max(measure(text), room)))
    return [text[start : start + letters] for start in range(0, len(text), letters)]


def _right_to_left(text: str) -> bool:
    """Whether the first letter is of a script written from right to left, as browsers decide."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"


def _shade(axes, x: float, y: float, size: float, share: float) -> None:
    colour = [value / 255 for value in (FOR if share > 0 else AGAINST)]
    top, height = y - 0.1, 0.2
    shade = (*colour, 0.75 * abs(share))
    axes.add_patch(Rectangle((x, top), size, height, facecolor=shade, linewidth=0))
    if abs(share) >= STRONG:
        # The colour is not alone: solid below what speaks for the answer, dashed otherwise.
        line = [(x, x + size), (top + height, top + height)]
        axes.plot(*line, color=colour, linewidth=1.5, linestyle="-" if share > 0 else (0, (2, 1)))


def _figure(
    across: float, down: float, places: Sequence[tuple[float, float, float, float]]
) -> tuple[Figure, list]:
    """A figure with axes at `places`, (left, top, width, height), in inches."""
    figure = Figure(figsize=(across, down), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    axes = [
        figure.add_axes((left / across, 1 - (top + high) / down, wide / across, high / down))
        for left, top, wide, high in places
    ]
    return figure, axes


def _label(axes, below: str, beside: str) -> None:
    axes.set_xlabel(below, fontsize=LABEL)
    axes.set_ylabel(beside, fontsize=LABEL)
    axes.tick_params(labelsize=8, color="#999999")
    axes.grid(color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_color("#999999")


def _ruler(points: float) -> Callable[[str], float]:
    """A function from texts to their widths, in inches, in letters of a size."""
    font = FontProperties(family=fonts(), size=points)
    renderer = FigureCanvasAgg(Figure(dpi=DOTS_PER_INCH)).get_renderer()
    return lambda text: renderer.get_text_width_height_descent(text, font, False)[0] / DOTS_PER_INCH


def _widest(labels: Sequence[str]) -> float:
    """The width of the widest label, in inches."""
    return max(map(_ruler(LABEL), labels), default=0.0)


def _name(name: str) -> str:
    """The name of a class as it can be drawn, of at most `LONGEST_NAME` columns."""
    name = visible(" ".join(name.split()))
    if width(name) <= LONGEST_NAME:
        return name
    while width(name) >= LONGEST_NAME:
        name = name[:-1]
    return name + "…"


def _literal(figure: Figure) -> Figure:
    """Has every text drawn as it is, a `$` too, in fonts that have its characters."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_fontfamily(fonts())
    return figure

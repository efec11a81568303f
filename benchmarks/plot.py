"""What plots of benchmarks share: colours, lines named at their ends, plain axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

GREY, LIGHT_GREY = "#606060", "#dcdcdc"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    figure = Figure((width, height), dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def line_looks(names: Iterable[str]) -> dict[str, dict]:
    """Name to colour and line style; the second ten names have the colours again, dashed."""
    palette = matplotlib.colormaps["tab10"].colors
    styles = ("-", (0, (4, 1.5)))
    return {
        name: {"color": palette[i % len(palette)], "linestyle": styles[i // len(palette) % 2]}
        for i, name in enumerate(names)
    }


def name_ends(
    axes: Axes, heights: Mapping[str, float], looks: Mapping[str, Mapping], gap: float
) -> None:
    """Writes each line's name right of the axes, beside where the line ends.

    Args:
        axes: where the lines are.
        heights: name to the height of the line's end, between 0 and 1.
        looks: name to its colour, as `line_looks` returns them.
        gap: the least distance of two names, as a share of the height.
    """
    for name, place in spread(heights, gap).items():
        color = looks[name]["color"]
        axes.annotate(
            name,
            xy=(1, heights[name]),
            xytext=(1.06, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=color,
            verticalalignment="center",
            arrowprops={
                "arrowstyle": "-",
                "color": color,
                "lw": 0.7,
                "relpos": (0, 0.5),
                "shrinkA": 2,
                "shrinkB": 0,
            },
        )


def spread(heights: Mapping[str, float], gap: float) -> dict[str, float]:
    """Moves heights between 0 and 1 as little as needed to be `gap` apart, in the same order."""
    names = sorted(heights, key=heights.get)
    places = np.array([heights[name] for name in names])
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + gap)
    highest = 1.0
    for i in reversed(range(len(places))):
        places[i] = highest = min(places[i], highest)
        highest -= gap
    return dict(zip(names, map(float, places), strict=True))


def finish(axes: Axes, title: str) -> None:
    """Gives axes their title, and leaves of their frame what is needed."""
    axes.set_title(title, fontsize=11, loc="left", pad=10)
    axes.tick_params(labelcolor=GREY, color="#aaaaaa")
    axes.tick_params(which="minor", length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color("#aaaaaa")

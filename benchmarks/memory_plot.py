"""The plot of the benchmark of long memory: gradients beside what was learned, by memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

DOTS_PER_INCH = 150
FLOOR = 1e-40
"""The smallest gradient shown; a line that leaves the plot below has vanished."""
RATIO = r"$\|\partial y_T / \partial x_{T-k}\|\;/\;\|\partial y_T / \partial x_T\|$"
GREY, LIGHT_GREY = "#606060", "#dcdcdc"


@dataclass(frozen=True)
class Panel:
    """What each memory reached on one task."""

    title: str
    values: Mapping[str, float]
    baseline: float
    """The value of a guess."""
    is_error: bool
    """Whether the values are errors, on a logarithmic scale, or shares of 1."""


def draw(curves: Mapping[str, Mapping[int, float]], panels: Sequence[Panel]) -> Figure:
    """Draws what memories remember.

    Args:
        curves: memory to distance to the share of the gradient that is left there.
        panels: what the same memories reached, a panel a task.
    """
    palette = matplotlib.colormaps["tab10"].colors
    colors = {name: palette[i % len(palette)] for i, name in enumerate(curves)}
    size = (13, max(4.0, 1.6 + 0.3 * len(curves)))
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.35], wspace=0.04)
    _draw_curves(left.subplots(), curves, colors)
    beside = right.subplots(1, len(panels), squeeze=False)[0]
    for panel, axes in zip(panels, beside, strict=True):
        _draw_panel(axes, panel, colors, named=axes is beside[0])
    return figure


def _draw_curves(axes: Axes, curves: Mapping[str, Mapping[int, float]], colors) -> None:
    """Gradient against distance, each line named at its end."""
    values = [value for curve in curves.values() for value in curve.values()]
    low, high = max(FLOOR, min(values) / 3), max(values) * 3
    longest = max(max(curve) for curve in curves.values())
    for i, (name, curve) in enumerate(curves.items()):
        # What is 0 has no place on a logarithmic scale: let the line leave the plot instead.
        shares = np.maximum(list(curve.values()), low * 1e-6)
        style = "-" if i < 10 else (0, (4, 1.5))
        axes.plot(list(curve), shares, color=colors[name], linestyle=style, linewidth=1.8)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlim(0, longest)

    ends = {name: np.clip(curve[longest], low, high) for name, curve in curves.items()}
    scale = np.log10(high / low)
    heights = {name: np.log10(end / low) / scale for name, end in ends.items()}
    places = spread(heights, gap=1 / max(14, len(heights) - 1))
    for name, place in places.items():
        axes.annotate(
            name,
            xy=(1, heights[name]),
            xytext=(1.07, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=colors[name],
            verticalalignment="center",
            arrowprops={
                "arrowstyle": "-",
                "color": colors[name],
                "lw": 0.7,
                "relpos": (0, 0.5),
                "shrinkA": 2,
                "shrinkB": 0,
            },
        )
    _finish(axes, f"Gradient that is left over k steps, before training:\n{RATIO}")
    axes.set_xlabel("k", color=GREY)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(axis="y", which="minor", length=0)
    axes.grid(axis="y", color=LIGHT_GREY, linewidth=0.6)


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


def _draw_panel(axes: Axes, panel: Panel, colors, named: bool) -> None:
    """A bar for each memory from the guess to what it reached; `named`: with the names beside."""
    names = list(panel.values)
    lines = range(len(names))
    values = np.array(list(panel.values.values()))
    values = np.where(np.isfinite(values), values, np.nan)  # a training that diverged has no bar
    shades = [colors[name] for name in names]
    axes.hlines(lines, panel.baseline, values, color=shades, linewidth=2.5)
    axes.scatter(values, lines, color=shades, s=36, zorder=3)
    axes.axvline(panel.baseline, color=GREY, linewidth=1, linestyle=":")
    axes.text(panel.baseline, len(names) - 0.35, " a guess", color=GREY, fontsize=9, va="center")
    if panel.is_error:
        axes.set_xscale("log")
        shown = [panel.baseline, *values[values > 0]]
        axes.set_xlim(min(shown) / 10, max(shown) * 2)
        axes.invert_xaxis()
    else:
        axes.set_xlim(0, 1.15)
        axes.set_xticks(np.linspace(0, 1, 6))
    rightmost = np.fmin if panel.is_error else np.fmax
    for line, value in enumerate(values):
        text = "diverged" if np.isnan(value) else f"{value:.2g}"
        place = (rightmost(value, panel.baseline), line)
        axes.annotate(
            text, place, (9, 0), textcoords="offset points", fontsize=9, color=GREY, va="center"
        )
    _finish(axes, panel.title)
    axes.set_yticks(lines, names if named else [""] * len(names))
    for label, shade in zip(axes.get_yticklabels(), shades, strict=True):
        label.set_color(shade)
    axes.set_ylim(len(names), -0.6)
    axes.set_xlabel("further right is better", color=GREY)
    axes.tick_params(axis="x", which="minor", length=0)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=11, loc="left", pad=10)
    axes.tick_params(labelcolor=GREY, color="#aaaaaa")
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color("#aaaaaa")

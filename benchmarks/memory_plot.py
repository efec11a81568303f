"""The plot of the benchmark of long memory: gradients beside what was learned, by memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .plot import GREY, LIGHT_GREY, finish, line_looks, name_ends, new_figure

FLOOR = 1e-40
"""The smallest gradient shown; a line that leaves the plot below has vanished."""
RATIO = r"$\|\partial y_T / \partial x_{T-k}\|\;/\;\|\partial y_T / \partial x_T\|$"


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
    looks = line_looks(curves)
    figure = new_figure(13, max(4.0, 1.6 + 0.3 * len(curves)))
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.35], wspace=0.04)
    _draw_curves(left.subplots(), curves, looks)
    beside = right.subplots(1, len(panels), squeeze=False)[0]
    for panel, axes in zip(panels, beside, strict=True):
        _draw_panel(axes, panel, looks, named=axes is beside[0])
    return figure


def _draw_curves(axes: Axes, curves: Mapping[str, Mapping[int, float]], looks) -> None:
    """Gradient against distance, each line named at its end."""
    values = [value for curve in curves.values() for value in curve.values()]
    low, high = max(FLOOR, min(values) / 3), max(values) * 3
    longest = max(max(curve) for curve in curves.values())
    for name, curve in curves.items():
        # What is 0 has no place on a logarithmic scale: let the line leave the plot instead.
        shares = np.maximum(list(curve.values()), low * 1e-6)
        axes.plot(list(curve), shares, linewidth=1.8, **looks[name])
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlim(0, longest)

    ends = {name: np.clip(curve[longest], low, high) for name, curve in curves.items()}
    scale = np.log10(high / low)
    heights = {name: np.log10(end / low) / scale for name, end in ends.items()}
    name_ends(axes, heights, looks, gap=1 / max(14, len(heights) - 1))
    finish(axes, f"Gradient that is left over k steps, before training:\n{RATIO}")
    axes.set_xlabel("k", color=GREY)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=LIGHT_GREY, linewidth=0.6)


def _draw_panel(axes: Axes, panel: Panel, looks, named: bool) -> None:
    """A bar for each memory from the guess to what it reached; `named`: with the names beside."""
    names = list(panel.values)
    lines = range(len(names))
    values = np.array(list(panel.values.values()))
    values = np.where(np.isfinite(values), values, np.nan)  # a training that diverged has no bar
    shades = [looks[name]["color"] for name in names]
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
    finish(axes, panel.title)
    axes.set_yticks(lines, names if named else [""] * len(names))
    for label, shade in zip(axes.get_yticklabels(), shades, strict=True):
        label.set_color(shade)
    axes.set_ylim(len(names), -0.6)
    axes.set_xlabel("further right is better", color=GREY)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)

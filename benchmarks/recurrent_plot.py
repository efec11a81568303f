"""The plot of the benchmark of cells: time of a train step against the length of the sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .memory_plot import DOTS_PER_INCH, GREY, LIGHT_GREY, spread


def draw_lengths(lengths: Sequence[int], curves: Mapping[str, Sequence[float]], title: str):
    """Draws milliseconds against length, both logarithmic, each line named at its end.

    Args:
        lengths: steps of the sequence.
        curves: name to the milliseconds at each length; the first is drawn as the reference.
        title: what was measured.
    """
    palette = matplotlib.colormaps["tab10"].colors
    colors = {name: palette[i % len(palette)] for i, name in enumerate(curves)}
    reference = next(iter(curves))
    colors[reference] = "black"
    figure = Figure(figsize=(9, 6), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for i, (name, values) in enumerate(curves.items()):
        style = "-" if i < 10 else (0, (4, 1.5))
        width = 2.6 if name == reference else 1.6
        axes.plot(lengths, values, color=colors[name], linestyle=style, linewidth=width)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.set_xlim(lengths[0], lengths[-1])
    low, high = np.log10(axes.get_ylim())
    heights = {n: (np.log10(values[-1]) - low) / (high - low) for n, values in curves.items()}
    for name, place in spread(heights, gap=0.045).items():
        axes.annotate(
            name,
            xy=(1, heights[name]),
            xytext=(1.05, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=colors[name],
            verticalalignment="center",
            arrowprops={"arrowstyle": "-", "color": colors[name], "lw": 0.7, "relpos": (0, 0.5)},
        )
    axes.set_title(title, fontsize=11, loc="left", pad=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("steps of the sequence", color=GREY)
    axes.set_ylabel("ms", color=GREY)
    axes.grid(axis="y", color=LIGHT_GREY, linewidth=0.6)
    return figure

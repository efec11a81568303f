"""The plot of the benchmark of cells: time of a train step against the length of the sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from .plot import GREY, LIGHT_GREY, finish, line_looks, name_ends, new_figure


def draw_lengths(
    lengths: Sequence[int], curves: Mapping[str, Sequence[float]], title: str
) -> Figure:
    """Draws milliseconds against length, both logarithmic, each line named at its end.

    Args:
        lengths: steps of the sequence.
        curves: name to the milliseconds at each length; the first is drawn as the reference.
        title: what was measured.
    """
    looks, reference = line_looks(curves), next(iter(curves))
    looks[reference] = {"color": "black", "linestyle": "-"}
    figure = new_figure(9, 6)
    axes = figure.subplots()
    for name, values in curves.items():
        width = 2.6 if name == reference else 1.6
        axes.plot(lengths, values, linewidth=width, **looks[name])
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.set_xlim(lengths[0], lengths[-1])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    low, high = np.log10(axes.get_ylim())
    heights = {n: (np.log10(values[-1]) - low) / (high - low) for n, values in curves.items()}
    name_ends(axes, heights, looks, gap=0.045)
    finish(axes, title)
    axes.set_xlabel("steps of the sequence", color=GREY)
    axes.set_ylabel("ms", color=GREY)
    axes.grid(axis="y", color=LIGHT_GREY, linewidth=0.6)
    return figure

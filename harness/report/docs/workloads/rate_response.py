"""The figure of the rate responses: how good the reference recipe gets at multiples of its peak rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from harness.report.colours import COLOURS
from harness.report.docs.svg_file import file_style, svg_file
from harness.report.docs.workloads.markdown import Entries
from harness.report.figures.svg import GRID, INK

COLUMNS = 4
"""Panels per row."""
TRACK_RATES = (3**-1.5, 3**0.5)
"""Range of the rates that the `schedule` track runs by default, in multiples of the reference rate: two of three points."""

WORDS = (
    "![Best validation value against the peak rate](workloads.svg)\n\n"
    "A point is the median over seeds of the best value within the budget at a multiple of the reference rate; the multiples "
    "are half a decade apart. The dashed line is the target; the grey band is the range of the rates that the `schedule` track "
    "runs by default."
)


def response_figure(entries: Entries, size: str = "laptop") -> str:
    """Return the figure of the rate responses at one size, a panel per workload, as SVG with text as text.

    A point is the median over seeds of the best value within the budget at a multiple of the reference rate. The dashed
    line is the target; the band is the range of the schedule track's rates.
    """
    chosen = {name: sizes[size] for name, sizes in sorted(entries.items()) if size in sizes}
    panel_rows = max(math.ceil(len(chosen) / COLUMNS), 1)
    with file_style():
        figure = Figure(figsize=(2.9 * COLUMNS, 2.2 * panel_rows), layout="constrained")
        axes = figure.subplots(panel_rows, COLUMNS, squeeze=False).flatten()
        for axis in axes[len(chosen) :]:
            axis.set_axis_off()
        for axis, (name, entry) in zip(axes, chosen.items(), strict=False):
            axis.set_title(name, fontsize=10)
            _draw(axis, entry)
        figure.supxlabel("multiple of the reference rate", fontsize=10)
        return svg_file(figure)


def _draw(axis: Axes, entry: Mapping[str, Any]) -> None:
    points = [(float(rate), value) for rate, value in entry["rates"].items() if value is not None]
    rates, values = zip(*sorted(points), strict=True)
    axis.axvspan(*TRACK_RATES, facecolor=GRID, edgecolor="none", alpha=0.5, zorder=0)
    axis.plot(rates, values, marker="o", color=COLOURS[0], markersize=4)
    axis.axhline(entry["target"], linestyle="--", color=INK, linewidth=1)
    axis.set_xscale("log")
    # A value of a diverging rate may lie outside the panel.
    low, high = min(values), min(max(values), max(entry["trivial"], min(values)))
    margin = 0.06 * (high - low) or 1.0
    axis.set_ylim(low - margin, high + margin)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0,)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())

"""The scatter of docs/predictive.md: the official score of every entry against its speed-up here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from harness.report.colours import COLOURS
from harness.report.docs.svg_file import file_style, svg_file

TICKS = (0.125, 0.25, 0.5, 1.0)
"""Speed-ups on the axis."""


def scatter(scores: Mapping[str, float], gains: Mapping[str, pd.Series]) -> str:
    """Return the figure as SVG.

    Args:
        scores: {entry: official score}.
        gains: {reading: log speed-up of each entry}.
    """
    with file_style():
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        axis = figure.subplots()
        for place, (reading, values) in enumerate(gains.items()):
            x, y = [scores[name] for name in values.index], np.exp(values.to_numpy(float))
            axis.scatter(x, y, color=COLOURS[place], label=reading, s=42, marker="os"[place % 2], zorder=3)
        for name in sorted({name for values in gains.values() for name in values.index}):
            heights = [float(np.exp(values[name])) for values in gains.values() if name in values.index]
            axis.vlines(scores[name], min(heights), max(heights), color="0.72", linewidth=1, zorder=2)
            top = (scores[name], max(heights))
            axis.annotate(str(name).rsplit("/", 1)[-1], top, xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8)
        axis.set_xlabel("official score, AlgoPerf 0.5, external ruleset")
        axis.set_ylabel("speed-up here over the reference recipe")
        axis.set_yscale("log")
        axis.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axis.minorticks_off()
        axis.set_ylim(TICKS[0], 1.25 * max(TICKS[-1] / 1.25, *(float(np.exp(values.max())) for values in gains.values())))
        axis.set_xlim(-0.15, 0.9)
        axis.legend(frameon=False, loc="upper left", ncols=2)
        return svg_file(figure)

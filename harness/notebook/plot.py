"""A board's speed-ups with their intervals, as a figure of matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from harness.report.colours import assign_marks
from harness.report.words import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_INCHES, WIDTH_INCHES = 0.3, 6.5


def intervals(frame: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Draw one dot per row of `Leaderboard.frame` with its 95 % interval, the first row on top.

    What is drawn is the speed-up, on a logarithmic axis with a line at 1; without speed-ups the score or the regret.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator, NullLocator

    if axes is None:
        _, axes = plt.subplots(figsize=(WIDTH_INCHES, 1 + ROW_INCHES * len(frame)), layout="constrained")
    of = next((name for name in ("speedup", "score", "regret") if name in frame and frame[name].notna().any()), "score")
    marks = assign_marks(frame["submission"])
    for place, (_, row) in enumerate(frame.iterrows()):
        colour = marks[row["submission"]].hex
        axes.plot([row[of]], [place], "o", color=colour, markersize=5)
        if f"{of}_low" in frame:
            axes.plot([row[f"{of}_low"], row[f"{of}_high"]], [place, place], color=colour, linewidth=1.6)
    axes.set_yticks(range(len(frame)), [one_line(name, 40) for name in frame["submission"]], parse_math=False)
    axes.set_ylim(len(frame) - 0.5, -0.5)
    if of == "speedup":
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(MaxNLocator(6))  # a decade's ticks would be few: speed-ups lie close to 1
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"×{value:.3g}")
        axes.axvline(1, color="0.6", linewidth=0.8, zorder=0)
        axes.set_xlabel(f"speed-up over {one_line(frame['baseline'].iloc[0], 40)}, with its 95 % interval", parse_math=False)
    else:
        axes.set_xlabel(of)
    return axes

"""The strip of times: the time to target of every trial of a workload, and where the other trials ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from harness.records import FAILURES, Status
from harness.report.colours import Mark
from harness.report.figures.drawing import CLOCK_LABELS, Drawing, clock_axis, file_stem, style, tag_line
from harness.report.figures.race_lines import evenly_spaced
from harness.report.figures.svg import NAME_ID
from harness.report.words import amount, one_line

BROKEN = (Status.DIVERGED, *FAILURES, Status.KILLED)
"""Statuses of trials that ended early by themselves or by an error."""
COLUMNS = 560
"""Columns that times are rounded to; marks of one kind in one column are drawn once."""
MOST_MARKS = 9_600
"""Most marks per strip, over all rows and kinds."""
SHAPES = {
    "reached": ((-0.45, -1), (0.45, -1), (0.45, 1), (-0.45, 1), (-0.45, -1)),
    "censored": ((0.3, 0.75), (1.7, 0.0), (0.3, -0.75)),
    "broken": ((-0.8, -0.75), (0.8, 0.75), None, (-0.8, 0.75), (0.8, -0.75)),
}


def strip_drawing(
    trials: pd.DataFrame, order: Sequence[str], marks: Mapping[str, Mark], *, workload: str, clock: str
) -> Drawing:
    """Return the strip of one workload, one row per submission in `order`.

    A trial has a bar at its time to target; ``>`` at its end if it ended without reaching the target (its time is censored:
    it would have been longer); ``×`` at its end if its status is one of `BROKEN`.

    Args:
        trials: those of `workload`.
        order: submissions, from top to bottom.
        marks: mark of each submission.
        workload: its label.
        clock: "examples", "seconds" or "steps".
    """
    times = {name: times_by_outcome(group, clock) for name, group in trials.groupby("submission", sort=True)}
    rows = [name for name in order if name in times]
    most = max(12, MOST_MARKS // (2 * max(1, len(rows))))
    end = max((float(x.max()) for kinds in times.values() for x in kinds.values() if len(x)), default=1.0) or 1.0
    with style():
        figure = Figure(figsize=(9, 0.62 + 0.23 * len(rows)), layout="constrained")
        axes = figure.subplots()
        axes.set_xlim(0, end * 1.02)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        for index, name in enumerate(rows):
            _draw_row(axes, index, times[name], marks[name], end, most)
        axes.set_yticks(range(len(rows)), [one_line(name, 24) for name in rows], fontsize=9)
        for index, label in enumerate(axes.get_yticklabels()):
            label.set_gid(NAME_ID.format(marks[rows[index]].index, index))
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(CLOCK_LABELS[clock])
        clock_axis(axes, clock)
        sns.despine(fig=figure, left=True)
        description = "; ".join(_description(name, times[name], clock) for name in rows)
        return Drawing(
            f"{file_stem(workload)}_times", f"{workload}: time to target of every trial", description, figure, named=True
        )


def times_by_outcome(trials: pd.DataFrame, clock: str) -> dict[str, np.ndarray]:
    """Return {"reached": times to target, "censored": ends, "broken": ends} of the trials that reached, missed or broke.

    Skipped trials are left out.
    """
    hits = trials[f"hit_{clock}"].astype(float).to_numpy()
    ends = trials[f"end_{clock}"].astype(float).to_numpy()
    reached = np.isfinite(hits)
    broken = trials["status"].isin(BROKEN).to_numpy() & ~reached
    censored = ~reached & ~broken & (trials["status"] != Status.SKIPPED).to_numpy()
    known = np.isfinite(ends)
    return {"reached": hits[reached], "censored": ends[censored & known], "broken": ends[broken & known]}


def _draw_row(axes: Axes, row: int, kinds: Mapping[str, np.ndarray], mark: Mark, end: float, most: int) -> None:
    for number, (kind, x) in enumerate(kinds.items()):
        x = np.unique(np.round(np.sort(x) / end * COLUMNS)) * (end / COLUMNS)
        x = x[evenly_spaced(len(x), most)]
        if not len(x):
            continue
        look: dict[str, Any] = (
            {"facecolor": mark.hex, "edgecolor": "none", "alpha": 0.8}
            if kind == "reached"
            else {"facecolor": "none", "edgecolor": mark.hex, "linewidth": 0.9, "alpha": 0.75}
        )
        patch = PathPatch(_outline(SHAPES[kind], x, row, end / COLUMNS * 2.6, 0.3), **look)
        axes.add_patch(patch)
        tag_line(patch, mark, f"{row}{number}")


def _outline(shape: Sequence[tuple[float, float] | None], x: np.ndarray, y: float, width: float, height: float) -> Outline:
    """Return one path that draws `shape` at every x: one path per mark would take ten times the bytes."""
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for centre in x:
        start = True
        for corner in shape:
            if corner is None:
                start = True
                continue
            points.append((centre + corner[0] * width, y + corner[1] * height))
            codes.append(int(Outline.MOVETO if start else Outline.LINETO))
            start = False
    return Outline(points, codes)


def _description(name: str, kinds: Mapping[str, np.ndarray], clock: str) -> str:
    reached = kinds["reached"]
    median = float(np.median(reached)) if len(reached) else math.nan
    first = f"{len(reached)} reached, median {amount(median, clock)}" if len(reached) else "none reached"
    rest = [f"{len(kinds[kind])} {kind}" for kind in ("censored", "broken") if len(kinds[kind])]
    return f"{one_line(name, 40)}: {', '.join([first, *rest])}"

"""The time-to-target strip: every trial of a workload, those that were censored among them."""

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

from harness.report.colours import Mark
from harness.report.figures.drawing import CLOCK_LABELS, Drawing, clock_axis, owned, stem, style
from harness.report.figures.race_lines import thinned
from harness.report.figures.svg import NAME_ID
from harness.report.words import amount, one_line

BROKEN = ("diverged", "failed", "timeout", "out-of-memory", "killed")
COLUMNS = 560
"""Places along a row that an eye can tell apart; marks of one kind at one place are drawn once."""
MOST_MARKS = 9_600
"""Marks that a strip holds at most, shared between rows and kinds."""
SHAPES = {
    "reached": ((-0.45, -1), (0.45, -1), (0.45, 1), (-0.45, 1), (-0.45, -1)),
    "censored": ((0.3, 0.75), (1.7, 0.0), (0.3, -0.75)),
    "broken": ((-0.8, -0.75), (0.8, 0.75), None, (-0.8, 0.75), (0.8, -0.75)),
}


def strip_drawing(
    trials: pd.DataFrame, order: Sequence[str], marks: Mapping[str, Mark], *, workload: str, clock: str
) -> Drawing:
    """Return one row a submission: a bar at each time to target, ``>`` where a trial ended without it, ``×`` where it broke.

    Censored trials stand at their end: the target would have taken longer. `trials` are those of `workload`.
    """
    places = {name: trials_of(group, clock) for name, group in trials.groupby("submission", sort=True)}
    rows = [name for name in order if name in places]
    most = max(12, MOST_MARKS // (2 * max(1, len(rows))))
    end = max((float(x.max()) for kinds in places.values() for x in kinds.values() if len(x)), default=1.0) or 1.0
    with style():
        figure = Figure(figsize=(9, 0.62 + 0.23 * len(rows)), layout="constrained")
        axes = figure.subplots()
        axes.set_xlim(0, end * 1.02)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        for place, name in enumerate(rows):
            _draw_row(axes, place, places[name], marks[name], end, most)
        axes.set_yticks(range(len(rows)), [one_line(name, 24) for name in rows], fontsize=9)
        for place, label in enumerate(axes.get_yticklabels()):
            label.set_gid(NAME_ID.format(marks[rows[place]].index, place))
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(CLOCK_LABELS[clock])
        clock_axis(axes, clock)
        sns.despine(fig=figure, left=True)
        told = "; ".join(_told(name, places[name], clock) for name in rows)
        return Drawing(f"{stem(workload)}_times", f"{workload}: time to target of every trial", told, figure, named=True)


def trials_of(trials: pd.DataFrame, clock: str) -> dict[str, np.ndarray]:
    """Return the times to target of the trials that reached, and the ends of those that did not, by kind."""
    hits = trials[f"hit_{clock}"].astype(float).to_numpy()
    ends = trials[f"end_{clock}"].astype(float).to_numpy()
    reached = np.isfinite(hits)
    broken = trials["status"].isin(BROKEN).to_numpy() & ~reached
    held = ~reached & ~broken & (trials["status"] != "skipped").to_numpy()
    known = np.isfinite(ends)
    return {"reached": hits[reached], "censored": ends[held & known], "broken": ends[broken & known]}


def _draw_row(axes: Axes, place: int, kinds: Mapping[str, np.ndarray], mark: Mark, end: float, most: int) -> None:
    for number, (kind, x) in enumerate(kinds.items()):
        x = np.unique(np.round(np.sort(x) / end * COLUMNS)) * (end / COLUMNS)
        x = x[thinned(len(x), most)]
        if not len(x):
            continue
        look: dict[str, Any] = (
            {"facecolor": mark.hex, "edgecolor": "none", "alpha": 0.8}
            if kind == "reached"
            else {"facecolor": "none", "edgecolor": mark.hex, "linewidth": 0.9, "alpha": 0.75}
        )
        patch = PathPatch(_outline(SHAPES[kind], x, place, end / COLUMNS * 2.6, 0.3), **look)
        axes.add_patch(patch)
        owned(patch, mark, f"{place}{number}")


def _outline(shape: Sequence[tuple[float, float] | None], x: np.ndarray, y: float, width: float, height: float) -> Outline:
    """Return one path that draws `shape` at every x: a path for each mark would be ten times the bytes."""
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for at in x:
        start = True
        for corner in shape:
            if corner is None:
                start = True
                continue
            points.append((at + corner[0] * width, y + corner[1] * height))
            codes.append(int(Outline.MOVETO if start else Outline.LINETO))
            start = False
    return Outline(points, codes)


def _told(name: str, kinds: Mapping[str, np.ndarray], clock: str) -> str:
    reached = kinds["reached"]
    middle = float(np.median(reached)) if len(reached) else math.nan
    first = f"{len(reached)} reached, in the middle at {amount(middle, clock)}" if len(reached) else "none reached"
    rest = [f"{len(kinds[kind])} {kind}" for kind in ("censored", "broken") if len(kinds[kind])]
    return f"{one_line(name, 40)}: {', '.join([first, *rest])}"

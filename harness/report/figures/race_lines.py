"""What the figure of a workload draws: the winning trial of every study, cut at its first hit and thinned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_POINTS = 160
"""Points that a drawn curve keeps at most: more than the figure has pixels to show."""
MAX_LINES = 180
"""Lines that a figure keeps at most, where every submission has its median, fastest and slowest study."""
CROWD_POINTS = 48
"""Points that a curve keeps where there are more studies than `MAX_LINES`."""


@dataclass(frozen=True)
class Line:
    """One trial as drawn: the metric and the learning rate against the board's clock.

    Attributes:
        submission, study, trial, id: whose.
        x, y: clock and metric at the evaluations, [n].
        rate_x, rate_y: clock and learning rate, [m]; both empty where there is no such thing.
        hit: (clock, metric) of the first evaluation that met the target, or None.
        median: whether this is the study that the median time comes from.
    """

    submission: str
    study: int
    trial: int
    id: str
    x: Array
    y: Array
    rate_x: Array
    rate_y: Array
    hit: tuple[float, float] | None
    median: bool


def winners(trials: pd.DataFrame, clock: str) -> pd.DataFrame:
    """Return one row a study of one submission on one workload: its fastest trial.

    Ties go to the lowest index; where every trial missed, to the one that came nearest to the target at its end.
    `trials` holds the trials of one workload; the rows come sorted by submission, then time, then study.
    """
    if trials.empty:
        return trials
    facts = zip(trials["curve"], trials["target"], trials["lower_is_better"], strict=True)
    nearness = [_nearness(curve, float(target), bool(lower)) for curve, target, lower in facts]
    ranked = trials.assign(_time=trials[f"hit_{clock}"].astype(float), _near=nearness)
    ranked = ranked.sort_values(["submission", "study", "_time", "_near", "trial"], kind="stable")
    best = ranked.drop_duplicates(["submission", "study"])
    return best.sort_values(["submission", "_time", "_near", "study"], kind="stable")


def lines(trials: pd.DataFrame, clock: str) -> list[Line]:
    """Return the lines of one workload's figure, one a study and submission, thinned to `MAX_POINTS` each.

    Of more than `MAX_LINES` studies each submission keeps its median, fastest and slowest, and as many between as fit.
    """
    drawn = []
    best = winners(trials, clock)
    crowded = len(best) > MAX_LINES
    each = max(3, MAX_LINES // best["submission"].nunique()) if crowded else len(best)
    most = CROWD_POINTS if crowded else MAX_POINTS
    for _, studies in best.groupby("submission", sort=True):
        middle = (len(studies) - 1) // 2
        kept = np.unique([*np.arange(len(studies))[thinned(len(studies), each)], middle])
        for place, row in zip(kept, studies.iloc[kept].itertuples(), strict=True):
            line = _line(row, clock, place == middle, most)
            if len(line.x):
                drawn.append(line)
    return drawn


def _line(row: Any, clock: str, median: bool, most: int) -> Line:
    curve = row.curve
    x, y = _array(curve.get(clock, ())), _array(curve.get("metric", ()))
    known = np.isfinite(x) & np.isfinite(y)
    time = float(getattr(row, f"hit_{clock}"))
    if math.isfinite(time):
        known &= x <= time * (1 + 1e-12)
    all_x, x, y = x, x[known], y[known]
    rate_x, rate_y = _rates(row.learning_rates, curve, clock, float(all_x.max()) if len(all_x) else 0.0)
    if len(x):
        shown = rate_x <= max(float(x[-1]), float(rate_x[0]) if len(rate_x) else 0.0)
        rate_x, rate_y = rate_x[shown], rate_y[shown]
    keep, keep_rate = thinned(len(x), most), thinned(len(rate_x), most)
    return Line(
        submission=str(row.submission),
        study=int(row.study),
        trial=int(row.trial),
        id=str(row.id),
        x=x[keep],
        y=y[keep],
        rate_x=rate_x[keep_rate],
        rate_y=rate_y[keep_rate],
        hit=(float(x[-1]), float(y[-1])) if math.isfinite(time) and len(x) else None,
        median=median,
    )


def _rates(trace: object, curve: dict[str, object], clock: str, end: float) -> tuple[Array, Array]:
    """Return the learning-rate trace on `clock`; seconds are interpolated between evaluations, which alone carry them."""
    rows = _array(trace).reshape(-1, 3) if trace is not None else np.empty((0, 3))
    rows = rows[np.isfinite(rows).all(axis=1)]
    if clock == "steps":
        return rows[:, 0], rows[:, 2]
    if clock == "examples":
        return rows[:, 1], rows[:, 2]
    known, marks = _array(curve.get("examples", ())), _array(curve.get(clock, ()))
    if not len(known) or len(known) != len(marks):
        return np.empty(0), np.empty(0)
    return np.interp(rows[:, 1], np.r_[0.0, known], np.r_[0.0, marks], right=end), rows[:, 2]


def thinned(count: int, most: int = MAX_POINTS) -> Array | slice:
    """Return what picks at most `most` of `count` points, the first and the last among them."""
    if count <= most:
        return slice(None)
    picked: Array = np.unique(np.linspace(0, count - 1, most).round().astype(int))
    return picked


def _nearness(curve: dict[str, Sequence[float]], target: float, lower_is_better: bool) -> float:
    values = _array(curve.get("metric", ()))
    values = values[np.isfinite(values)]
    if not len(values):
        return math.inf
    return float(values[-1] - target) * (1 if lower_is_better else -1)


def _array(values: object) -> Array:
    return np.asarray(values, dtype=np.float64)

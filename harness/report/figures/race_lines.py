"""The lines of a workload's race figure: the fastest trial of every study, up to its first hit, at a few points."""

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
"""Most points per line; more would not be visible at the figure's size."""
MAX_LINES = 180
"""Most lines per figure (but every submission keeps its median, fastest and slowest study)."""
CROWD_POINTS = 48
"""Most points per line in a figure with more than `MAX_LINES` studies."""


@dataclass(frozen=True)
class RaceLine:
    """One trial in a race figure: the metric and the learning rate against the board's clock.

    Attributes:
        submission, study, trial, id: which trial.
        x, y: clock and metric at the evaluations, [n].
        rate_x, rate_y: clock and learning rate, [m]; empty where none was recorded.
        hit: (clock, metric) of the first evaluation that met the target, or None.
        median: whether this is the study whose time is the submission's median.
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


def fastest_trials(trials: pd.DataFrame, clock: str) -> pd.DataFrame:
    """Return the fastest trial of every study, sorted by submission, time and study.

    Where every trial of a study missed, its fastest is the one whose last value is nearest to the target. Ties go to the
    lowest trial index.

    Args:
        trials: those of one workload.
        clock: "examples", "seconds" or "steps".
    """
    if trials.empty:
        return trials
    facts = zip(trials["curve"], trials["target"], trials["lower_is_better"], strict=True)
    nearness = [_nearness(curve, float(target), bool(lower)) for curve, target, lower in facts]
    ranked = trials.assign(_time=trials[f"hit_{clock}"].astype(float), _near=nearness)
    ranked = ranked.sort_values(["submission", "study", "_time", "_near", "trial"], kind="stable")
    best = ranked.drop_duplicates(["submission", "study"])
    return best.sort_values(["submission", "_time", "_near", "study"], kind="stable")


def race_lines(trials: pd.DataFrame, clock: str) -> list[RaceLine]:
    """Return the lines of one workload's figure, one per study of a submission.

    Where there are more than `MAX_LINES` studies, each submission keeps its median, fastest and slowest study and as many
    others as fit.
    """
    result = []
    best = fastest_trials(trials, clock)
    crowded = len(best) > MAX_LINES
    studies_each = max(3, MAX_LINES // best["submission"].nunique()) if crowded else len(best)
    points = CROWD_POINTS if crowded else MAX_POINTS
    for _, studies in best.groupby("submission", sort=True):
        middle = (len(studies) - 1) // 2
        chosen = np.unique([*np.arange(len(studies))[evenly_spaced(len(studies), studies_each)], middle])
        for index, row in zip(chosen, studies.iloc[chosen].itertuples(), strict=True):
            line = _line(row, clock, index == middle, points)
            if len(line.x):
                result.append(line)
    return result


def _line(row: Any, clock: str, median: bool, points: int) -> RaceLine:
    curve = row.curve
    x, y = _array(curve.get(clock, ())), _array(curve.get("metric", ()))
    included = np.isfinite(x) & np.isfinite(y)
    time = float(getattr(row, f"hit_{clock}"))
    if math.isfinite(time):
        included &= x <= time * (1 + 1e-12)
    all_x, x, y = x, x[included], y[included]
    rate_x, rate_y = _rates(row.learning_rates, curve, clock, float(all_x.max()) if len(all_x) else 0.0)
    if len(x):
        until_end = rate_x <= max(float(x[-1]), float(rate_x[0]) if len(rate_x) else 0.0)
        rate_x, rate_y = rate_x[until_end], rate_y[until_end]
    keep, keep_rate = evenly_spaced(len(x), points), evenly_spaced(len(rate_x), points)
    return RaceLine(
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
    """Return clock and learning rate of the trace; seconds, which only evaluations record, are interpolated between them."""
    rows = _array(trace).reshape(-1, 3) if trace is not None else np.empty((0, 3))
    rows = rows[np.isfinite(rows).all(axis=1)]
    if clock == "steps":
        return rows[:, 0], rows[:, 2]
    if clock == "examples":
        return rows[:, 1], rows[:, 2]
    examples, readings = _array(curve.get("examples", ())), _array(curve.get(clock, ()))
    if not len(examples) or len(examples) != len(readings):
        return np.empty(0), np.empty(0)
    return np.interp(rows[:, 1], np.r_[0.0, examples], np.r_[0.0, readings], right=end), rows[:, 2]


def evenly_spaced(count: int, most: int = MAX_POINTS) -> Array | slice:
    """Return the indices of at most `most` of `count` points, evenly spaced, with the first and the last."""
    if count <= most:
        return slice(None)
    indices: Array = np.unique(np.linspace(0, count - 1, most).round().astype(int))
    return indices


def _nearness(curve: dict[str, Sequence[float]], target: float, lower_is_better: bool) -> float:
    values = _array(curve.get("metric", ()))
    values = values[np.isfinite(values)]
    if not len(values):
        return math.inf
    return float(values[-1] - target) * (1 if lower_is_better else -1)


def _array(values: object) -> Array:
    return np.asarray(values, dtype=np.float64)

"""Measures planned comparisons without rulers: times to target as on a board, or differences of regret study by study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analyses.claim_verdicts import RATIO_MARGIN, REGRET_MARGIN, Measured
from analyses.comparisons import PlannedComparison
from harness.rules import Reading
from harness.scoring.compare import study_times_of_two
from harness.scoring.compute_saved.limits import study_pairs
from harness.scoring.intervals import satterthwaite
from harness.scoring.log_times import LogTimes, log_times
from harness.scoring.speed import contrast
from harness.scoring.trial_table import checked, exact_on, track_of

FEWEST = 3
"""Common studies per workload that an interval needs."""
NEAR = 1 / 8
"""By how much of itself a planned share may differ from the horizon that ran, which is a whole number of steps."""


def measure_times(
    trials: pd.DataFrame, comparison: PlannedComparison, workloads: Sequence[str], studies: int = FEWEST
) -> Measured:
    """Return how much faster A reaches the targets than B on the `examples` clock, as `timetrial compare` measures it.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite; without rows if it has not run.
        comparison: in a track with targets.
        workloads: labels of all workloads that must have run.
        studies: common studies that each of them must have.
    """
    reason = absent(trials, comparison)
    if reason:
        return Measured(comparison, None, RATIO_MARGIN, reason=reason)
    trials = checked(trials)
    clock = "examples"
    study_times = study_times_of_two(trials, comparison.a, comparison.b, clock)
    a, b = (study_times.submissions.index(name) for name in (comparison.a, comparison.b))
    common = {w: int(np.sum(~np.isnan(study_times.times[w][[a, b]]).any(axis=0))) for w in study_times.workloads}
    reason = too_few(common, workloads, studies)
    if reason:
        return Measured(comparison, None, RATIO_MARGIN, reason=reason)
    study_times = study_times.with_workloads([w for w in study_times.workloads if w in workloads])
    times = log_times(study_times)
    result = contrast(times, a, b)
    misses = [int(sum(np.isinf(study_times.times[w][i]).sum() for w in study_times.workloads)) for i in (a, b)]
    both_missed, cells = _both_missed(times, a, b, result.paired)
    notes = [] if result.decided else ["neither reached a target anywhere"]
    if not exact_on(trials, clock):
        notes.append(f"trials were pruned on the {track_of(trials).clock} clock, so times in {clock} are upper bounds")
    return Measured(
        comparison,
        result.estimate,
        RATIO_MARGIN,
        studies=result.smallest,
        workloads=len(study_times.workloads),
        reading=Reading.TIME_TO_TARGET,
        limited=(misses[0], misses[1]),
        both_limited=both_missed,
        cells=cells,
        bound=result.bound,
        reason="; ".join(notes),
    )


def _both_missed(times: LogTimes, a: int, b: int, paired: Sequence[bool]) -> tuple[int, int]:
    """Return in how many of the studies that are set against each other both sides missed, and how many these studies are."""
    *places, there = study_pairs(times.values[a], times.values[b], np.array(paired))
    missed = [np.take_along_axis(times.missed[i], place, axis=-1) for i, place in zip((a, b), places, strict=True)]
    return int((missed[0] & missed[1] & there).sum()), int(there.sum())


def measure_regret(
    regrets: pd.DataFrame,
    comparison: PlannedComparison,
    workloads: Sequence[str],
    studies: int = FEWEST,
    pool: Sequence[str] = (),
) -> Measured:
    """Return the mean over workloads and studies of B's regret minus A's, at the comparison's shares of the budget.

    d_wj is the mean over the shares of the difference within study j of workload w; v_w = var_j(d_wj)/n; standard error and
    degrees of freedom as for speed-ups (Satterthwaite 1946).

    Args:
        regrets: from `study_regrets`, computed within the pool.
        comparison, workloads, studies: as for `measure_times`.
        pool: submissions that must all have run, since regret is relative to the best of them.
    """
    reason = absent(regrets, comparison)
    if reason:
        return Measured(comparison, None, REGRET_MARGIN, reason=reason)
    table = _at_shares(regrets[regrets["workload"].isin(list(workloads))], comparison.shares)
    reason = _absent_from_pool(table, pool, len(workloads) * len(comparison.shares), studies)
    if reason:
        return Measured(comparison, None, REGRET_MARGIN, reason=reason)
    names = (comparison.a, comparison.b)
    sides = [table[table["submission"] == name] for name in names]
    of_a, of_b = (_by_study(side, len(comparison.shares)) for side in sides)
    difference = (of_b - of_a).dropna()
    rows = {str(w): d.to_numpy(dtype=float) for w, d in difference.groupby("workload")}
    reason = too_few({w: len(d) for w, d in rows.items()}, workloads, studies)
    if reason:
        return Measured(comparison, None, REGRET_MARGIN, reason=reason)
    values = list(rows.values())
    counts = np.array([len(d) for d in values], dtype=float)
    value = math.fsum(float(d.mean()) for d in values) / len(values)
    variances = np.array([float(d.var(ddof=1)) for d in values]) / counts
    nowhere = [side.groupby(["workload", "study"])["untrained"].all().loc[difference.index] for side in sides]
    return Measured(
        comparison,
        satterthwaite(value, variances, counts - 1, 1 / len(values)),
        REGRET_MARGIN,
        studies=int(counts.min()),
        workloads=len(values),
        reading=Reading.QUALITY,
        limited=(int(nowhere[0].sum()), int(nowhere[1].sum())),
        both_limited=int((nowhere[0] & nowhere[1]).sum()),
        cells=len(difference),
    )


def _at_shares(table: pd.DataFrame, shares: Sequence[float]) -> pd.DataFrame:
    """Return the rows at these shares of the budget, with exactly these shares; a horizon is a whole number of steps."""
    planned = np.array(shares)
    share = table["share"].to_numpy(dtype=float)
    nearest = planned[np.abs(share[:, None] - planned).argmin(axis=1)]
    near: pd.DataFrame = table.assign(share=nearest)[np.abs(share - nearest) <= nearest * NEAR]
    return near


def _by_study(table: pd.DataFrame, shares: int) -> pd.Series[float]:
    """Return the mean regret over shares by (workload, study), of the studies that have all shares."""
    groups = table.dropna(subset="regret").groupby(["workload", "study"])["regret"]
    mean = groups.mean()
    return mean[groups.size() == shares]


def _absent_from_pool(table: pd.DataFrame, pool: Sequence[str], cells: int, studies: int) -> str:
    """Which of the pool lack `studies` studies in one of the `cells`, workloads times shares; "" if none does."""
    runs = table.groupby(["submission", "workload", "share"]).size()
    full = runs[runs >= studies].groupby("submission").size()
    absent = [name for name in pool if full.get(name, 0) < cells]
    return f"the pool lacks studies of {', '.join(absent)}" if absent else ""


def absent(trials: pd.DataFrame, comparison: PlannedComparison) -> str:
    """Return which side of a comparison has no trial, in words; "" if both have."""
    known = set() if trials.empty else set(trials["submission"])
    names = [name for name in (comparison.a, comparison.b) if name not in known]
    return f"no run of {' and '.join(names)}" if names else ""


def too_few(common: Mapping[str, int], workloads: Sequence[str], studies: int) -> str:
    """Return on which of `workloads` fewer than `studies` studies are common, in words; "" if there are enough.

    Args:
        common: workload -> number of common studies.
        workloads: labels of all workloads that must have run.
        studies: how many each must have.
    """
    if not workloads:
        return "no workload"
    few = [f"{w} ({common.get(w, 0)} of {studies})" for w in workloads if common.get(w, 0) < studies]
    return f"too few common studies on {', '.join(few)}" if few else ""

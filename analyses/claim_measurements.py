"""Measures planned comparisons: times to target as on a board, or differences of regret study by study."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analyses.claim_verdicts import REGRET_MARGIN, TIME_MARGIN, Measured
from analyses.comparisons import PlannedComparison
from harness.scoring.compare import study_times_of_two
from harness.scoring.intervals import satterthwaite
from harness.scoring.log_times import log_times
from harness.scoring.speed import contrast
from harness.scoring.trial_table import checked, exact_on, track_of

FEWEST = 3
"""Common studies per workload that an interval needs."""


def measure_times(
    trials: pd.DataFrame, comparison: PlannedComparison, workloads: Sequence[str], studies: int = FEWEST
) -> Measured:
    """Return how much faster A reaches the targets than B on the `examples` clock, as `timetrial compare` measures it.

    Args:
        trials: what `harness.load_results` returns, of one track and suite; without rows if it has not run.
        comparison: in a track with targets.
        workloads: labels of all workloads that must have run.
        studies: common studies that each of them must have.
    """
    reason = _absent(trials, comparison)
    if reason:
        return Measured(comparison, None, TIME_MARGIN, reason=reason)
    trials = checked(trials)
    clock = "examples"
    study_times = study_times_of_two(trials, comparison.a, comparison.b, clock)
    a, b = (study_times.submissions.index(name) for name in (comparison.a, comparison.b))
    common = {w: int(np.sum(~np.isnan(study_times.times[w][[a, b]]).any(axis=0))) for w in study_times.workloads}
    reason = _too_few(common, workloads, studies)
    if reason:
        return Measured(comparison, None, TIME_MARGIN, reason=reason)
    study_times = study_times.with_workloads([w for w in study_times.workloads if w in workloads])
    result = contrast(log_times(study_times), a, b)
    misses = [int(sum(np.isinf(study_times.times[w][i]).sum() for w in study_times.workloads)) for i in (a, b)]
    notes = [] if result.decided else ["neither reached a target anywhere"]
    if not exact_on(trials, clock):
        notes.append(f"trials were pruned on the {track_of(trials).clock} clock, so times in {clock} are upper bounds")
    return Measured(
        comparison,
        result.estimate,
        TIME_MARGIN,
        studies=result.smallest,
        workloads=len(study_times.workloads),
        misses=(misses[0], misses[1]),
        bound=result.bound,
        decided=result.decided,
        reason="; ".join(notes),
    )


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
    reason = _absent(regrets, comparison)
    if reason:
        return Measured(comparison, None, REGRET_MARGIN, reason=reason)
    table = regrets[regrets["share"].isin(comparison.shares) & regrets["workload"].isin(list(workloads))]
    reason = _absent_from_pool(table, pool, len(workloads) * len(comparison.shares), studies)
    if reason:
        return Measured(comparison, None, REGRET_MARGIN, reason=reason)
    names = (comparison.a, comparison.b)
    of_a, of_b = (_by_study(table[table["submission"] == name], len(comparison.shares)) for name in names)
    difference = (of_b - of_a).dropna()
    rows = {str(w): d.to_numpy(dtype=float) for w, d in difference.groupby("workload")}
    reason = _too_few({w: len(d) for w, d in rows.items()}, workloads, studies)
    if reason:
        return Measured(comparison, None, REGRET_MARGIN, reason=reason)
    values = list(rows.values())
    counts = np.array([len(d) for d in values], dtype=float)
    value = math.fsum(float(d.mean()) for d in values) / len(values)
    variances = np.array([float(d.var(ddof=1)) for d in values]) / counts
    untrained = [int(table.loc[table["submission"] == name, "untrained"].sum()) for name in names]
    return Measured(
        comparison,
        satterthwaite(value, variances, counts - 1, 1 / len(values)),
        REGRET_MARGIN,
        studies=int(counts.min()),
        workloads=len(values),
        misses=(untrained[0], untrained[1]),
        decided=min(untrained) < len(workloads) * int(counts.min()) * len(comparison.shares),
    )


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


def _absent(trials: pd.DataFrame, comparison: PlannedComparison) -> str:
    known = set() if trials.empty else set(trials["submission"])
    names = [name for name in (comparison.a, comparison.b) if name not in known]
    return f"no run of {' and '.join(names)}" if names else ""


def _too_few(common: dict[str, int], workloads: Sequence[str], studies: int) -> str:
    if not workloads:
        return "no workload"
    few = [f"{w} ({common.get(w, 0)} of {studies})" for w in workloads if common.get(w, 0) < studies]
    return f"too few common studies on {', '.join(few)}" if few else ""

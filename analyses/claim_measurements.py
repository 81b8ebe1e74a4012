"""Measures the contests of `analyses.claim_verdicts`: times by the paired machinery of the board, regrets study by study."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analyses.claim_verdicts import REGRET_MARGIN, TIME_MARGIN, Contest, Measured
from harness.scoring.compare import study_times_of_two
from harness.scoring.intervals import satterthwaite
from harness.scoring.speed import contrast, log_times
from harness.scoring.trial_table import checked, exact_on, track_of

FEWEST = 3
"""Studies of a workload from which there is an interval."""


def measure_race(trials: pd.DataFrame, contest: Contest, workloads: Sequence[str], studies: int = FEWEST) -> Measured:
    """Return how much faster A reaches the targets than B on the `examples` clock: what `timetrial compare` measures.

    Args:
        trials: what `harness.load_results` returns, of one track and suite; no rows if it has not run.
        contest: of a track with targets.
        workloads: labels of all workloads that must have run.
        studies: common studies that each must have.
    """
    reason = _absent(trials, contest)
    if reason:
        return Measured(contest, None, TIME_MARGIN, reason=reason)
    trials = checked(trials)
    clock = "examples"
    study_times = study_times_of_two(trials, contest.a, contest.b, clock)
    a, b = (study_times.submissions.index(name) for name in (contest.a, contest.b))
    common = {w: int(np.sum(~np.isnan(study_times.times[w][[a, b]]).any(axis=0))) for w in study_times.workloads}
    reason = _too_few(common, workloads, studies)
    if reason:
        return Measured(contest, None, TIME_MARGIN, reason=reason)
    study_times = study_times.with_workloads([w for w in study_times.workloads if w in workloads])
    found = contrast(log_times(study_times), a, b)
    misses = tuple(int(sum(np.isinf(study_times.times[w][i]).sum() for w in study_times.workloads)) for i in (a, b))
    notes = [] if found.decided else ["neither reached a target anywhere"]
    if not exact_on(trials, clock):
        notes.append(f"pruned on the {track_of(trials).clock} clock: {clock} are upper bounds")
    return Measured(
        contest,
        found.estimate,
        TIME_MARGIN,
        studies=found.smallest,
        workloads=len(study_times.workloads),
        misses=(misses[0], misses[1]),
        bound=found.bound,
        decided=found.decided,
        reason="; ".join(notes),
    )


def measure_regret(
    regrets: pd.DataFrame, contest: Contest, workloads: Sequence[str], studies: int = FEWEST, study_times: Sequence[str] = ()
) -> Measured:
    """Return the mean over workloads and studies of B's regret less A's, at the contest's shares of the budget.

    d_wj is the mean over the shares of the difference within study j of workload w; v_w = var_j(d_wj)/n; standard error and
    degrees of freedom as for speed-ups (Satterthwaite 1946).

    Args:
        regrets: from `study_regrets`, of the pool, for it says what the best is.
        contest, workloads, studies: as for `measure_race`.
        pool: submissions that must all have run: while one has not, the best is not known, nor any regret.
    """
    reason = _absent(regrets, contest)
    if reason:
        return Measured(contest, None, REGRET_MARGIN, reason=reason)
    table = regrets[regrets["share"].isin(contest.shares) & regrets["workload"].isin(list(workloads))]
    reason = _pool_lacks(table, study_times, len(workloads) * len(contest.shares), studies)
    if reason:
        return Measured(contest, None, REGRET_MARGIN, reason=reason)
    sides = [_by_study(table[table["submission"] == name], len(contest.shares)) for name in (contest.a, contest.b)]
    difference = (sides[1] - sides[0]).dropna()
    rows = {str(w): d.to_numpy(dtype=float) for w, d in difference.groupby("workload")}
    reason = _too_few({w: len(d) for w, d in rows.items()}, workloads, studies)
    if reason:
        return Measured(contest, None, REGRET_MARGIN, reason=reason)
    values = list(rows.values())
    counts = np.array([len(d) for d in values], dtype=float)
    value = math.fsum(float(d.mean()) for d in values) / len(values)
    variances = np.array([float(d.var(ddof=1)) for d in values]) / counts
    nothing = [int(table.loc[table["submission"] == name, "nothing"].sum()) for name in (contest.a, contest.b)]
    return Measured(
        contest,
        satterthwaite(value, variances, counts - 1, 1 / len(values)),
        REGRET_MARGIN,
        studies=int(counts.min()),
        workloads=len(values),
        misses=(nothing[0], nothing[1]),
        decided=min(nothing) < len(workloads) * int(counts.min()) * len(contest.shares),
    )


def _by_study(table: pd.DataFrame, shares: int) -> pd.Series[float]:
    """Return the mean regret over shares by (workload, study), of the studies that have all shares."""
    groups = table.dropna(subset="regret").groupby(["workload", "study"])["regret"]
    mean = groups.mean()
    return mean[groups.size() == shares]


def _pool_lacks(table: pd.DataFrame, study_times: Sequence[str], cells: int, studies: int) -> str:
    """Say which of the pool have not run `studies` studies in each of the `cells`, workloads by shares."""
    runs = table.groupby(["submission", "workload", "share"]).size()
    whole = runs[runs >= studies].groupby("submission").size()
    absent = [name for name in study_times if whole.get(name, 0) < cells]
    return f"the pool lacks studies of {', '.join(absent)}" if absent else ""


def _absent(trials: pd.DataFrame, contest: Contest) -> str:
    known = set() if trials.empty else set(trials["submission"])
    names = [name for name in (contest.a, contest.b) if name not in known]
    return f"no run of {' and '.join(names)}" if names else ""


def _too_few(common: dict[str, int], workloads: Sequence[str], studies: int) -> str:
    few = [f"{w} ({common.get(w, 0)} of {studies})" for w in workloads if common.get(w, 0) < studies]
    return f"too few common studies on {', '.join(few)}" if few else "" if workloads else "no workload"

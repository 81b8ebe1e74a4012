"""Differences of two scores of one board: an interval for each, and Holm's adjustment over all pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.scoring.intervals import Estimate, holm, satterthwaite
from harness.scoring.medians import Floats
from harness.scoring.pairs import LEVEL
from harness.scoring.profiles import Contribution, contributions, means, workload_contributions
from harness.scoring.resampling import DRAWS, random_resample
from harness.scoring.study_times import StudyTimes
from harness.scoring.uncertainty import ENOUGH_STUDIES


@dataclass(frozen=True)
class ScoreDifference:
    """Score of `a` minus score of `b`.

    Attributes:
        a, b: names of the submissions.
        estimate: the difference with its standard error.
        p: p-value of "the difference is 0", unadjusted; None with too few studies.
        p_holm: the same, Holm-adjusted over all pairs of the board.
    """

    a: str
    b: str
    estimate: Estimate
    p: float | None
    p_holm: float | None

    @property
    def separable(self) -> bool:
        """Whether the adjusted p-value is at most 5 %."""
        return self.p_holm is not None and self.p_holm <= LEVEL


def score_differences(
    study_times: StudyTimes, contribution: Contribution = contributions, draws: int = DRAWS
) -> Mapping[tuple[str, str], ScoreDifference]:
    """Return the difference of every pair of scores, keys (a, b) with names sorted.

    Two scores of one board depend on each other, since both are relative to the fastest submission. So the difference
    h_aw - h_bw is resampled as one number; its variances are added over workloads as those of a score (Satterthwaite 1946).
    This tests the score itself, whereas `harness.scoring.pairs` tests speed, in which a miss costs only the budget.
    """
    h = np.stack([contribution(random_resample(study_times, workload, draws).times) for workload in study_times.workloads])
    observed = workload_contributions(study_times, contribution)
    counts: Floats = np.stack([study_times.count(workload) for workload in study_times.workloads], axis=1).astype(float)
    score = means(study_times.submissions, observed)
    estimates = {}
    for i, j in combinations(range(len(study_times.submissions)), 2):
        a, b = study_times.submissions[i], study_times.submissions[j]
        estimates[a, b] = _difference(h[:, i] - h[:, j], counts[[i, j]], score[a] - score[b])
    adjusted = holm([estimate.p for estimate in estimates.values()])
    return {
        (a, b): ScoreDifference(a, b, estimate, estimate.p, q)
        for ((a, b), estimate), q in zip(estimates.items(), adjusted, strict=True)
    }


def _difference(d: Floats, counts: Floats, value: float) -> Estimate:
    """The estimate of one pair: resampled differences [workloads, draws], studies [2, workloads]."""
    common = np.where(counts > 0, counts, np.inf).min(axis=0)
    if not np.isfinite(common).any() or common.min() < ENOUGH_STUDIES:
        return Estimate(value, np.nan, np.nan)
    variance = np.where(np.ptp(d, axis=1) == 0, 0.0, d.var(axis=1))
    freedom = np.where(np.isfinite(common), common - 1, 1.0)
    return satterthwaite(value, variance, freedom, 1 / len(d))

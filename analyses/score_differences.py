"""Two scores against each other: the difference with its interval, and Holm over all pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.scoring.intervals import Estimate, holm, satterthwaite
from harness.scoring.medians import Floats
from harness.scoring.profiles import Contribution, contributions, means, workload_contributions
from harness.scoring.resampling import DRAWS, random_resample
from harness.scoring.study_times import StudyTimes
from harness.scoring.uncertainty import ENOUGH_STUDIES


@dataclass(frozen=True)
class ScoreDifference:
    """Score of `a` minus score of `b`: estimate with interval, and its p-value alone and after Holm over the pool's pairs."""

    a: str
    b: str
    estimate: Estimate
    p: float | None
    p_holm: float | None

    @property
    def separable(self) -> bool:
        """Whether the adjusted p-value is at most 5 %."""
        return self.p_holm is not None and self.p_holm <= 0.05


def score_differences(
    study_times: StudyTimes, contribution: Contribution = contributions, draws: int = DRAWS
) -> Mapping[tuple[str, str], ScoreDifference]:
    """Return the difference of every pair of scores, keys (a, b) with names sorted.

    Two scores of one pool depend on each other, as both are relative to the fastest. So the difference
    h_aw - h_bw is resampled as one number; its variances add over workloads as the score's do (Satterthwaite 1946).
    This tests the score itself; `harness.scoring.pairs` tests speed, in which a miss costs only the budget.
    """
    h = np.stack([contribution(random_resample(study_times, workload, draws).times) for workload in study_times.workloads])
    observed = workload_contributions(study_times, contribution)
    counts: Floats = np.stack([study_times.count(workload) for workload in study_times.workloads], axis=1).astype(float)
    score = means(study_times.submissions, observed)
    found = []
    for i, j in combinations(range(len(study_times.submissions)), 2):
        a, b = study_times.submissions[i], study_times.submissions[j]
        found.append((a, b, _difference(h[:, i] - h[:, j], counts[[i, j]], score[a] - score[b])))
    adjusted = holm([estimate.p for _, _, estimate in found])
    return {(a, b): ScoreDifference(a, b, estimate, estimate.p, q) for (a, b, estimate), q in zip(found, adjusted, strict=True)}


def _difference(d: Floats, counts: Floats, value: float) -> Estimate:
    """The estimate of one pair: resampled differences [workloads, draws], studies [2, workloads]."""
    ran = np.where(counts > 0, counts, np.inf).min(axis=0)
    if not np.isfinite(ran).any() or ran.min() < ENOUGH_STUDIES:
        return Estimate(value, np.nan, np.nan)
    variance = np.where(np.ptp(d, axis=1) == 0, 0.0, d.var(axis=1))
    freedom = np.where(np.isfinite(ran), ran - 1, 1.0)
    return satterthwaite(value, variance, freedom, 1 / len(d))

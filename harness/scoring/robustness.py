"""What the scores would be without one submission, workload or family, and with targets 1 % easier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from harness.scoring.canonical import Study, Trial
from harness.scoring.pool import Pool
from harness.scoring.profiles import Contribution, contributions, scores

EASIER = 0.01


def leave_out(pool: Pool, contribution: Contribution = contributions) -> dict[str, dict[str, dict[str, float]]]:
    """Return {"submission" | "workload" | "family": {left out: {submission: score}}}; nothing is left out of one."""
    names = pool.submissions if len(pool.submissions) > 1 else ()
    workloads = pool.workloads if len(pool.workloads) > 1 else ()
    families = sorted({pool.families[w] for w in pool.workloads})
    return {
        "submission": {name: scores(pool.without_submission(name), contribution) for name in names},
        "workload": {
            left: scores(pool.with_workloads([w for w in pool.workloads if w != left]), contribution) for left in workloads
        },
        "family": {
            left: scores(pool.with_workloads([w for w in pool.workloads if pool.families[w] != left]), contribution)
            for left in (families if len(families) > 1 else ())
        },
    }


def easier_targets(
    pool: Pool, studies: Sequence[Study], trials: pd.DataFrame, clock: str, contribution: Contribution = contributions
) -> dict[str, dict[str, float]]:
    """Return {label: {submission: score if the target of this workload alone were 1 % of its size easier}}.

    Exact from pruned records: an easier target is met no later than the study's best, which the records cover. Empty
    for a label of which a perfect pruner would have seen no evaluation (imported first-hit tables; a variant skipped by all).
    """
    goals = {
        str(w): (float(t), bool(low))
        for w, t, low in zip(trials["workload"], trials["target"], trials["lower_is_better"], strict=True)
    }
    result = {}
    for label in pool.labels:
        members = [s for s in studies if s.workload == label and not s.missing]
        if label not in goals or not any(kept for s in members for kept in s.kept):
            continue
        times = pool.times[label].copy()
        for study in members:
            at = pool.submissions.index(study.submission), pool.studies[label].index(study.study)
            times[at] = _eased(study, *goals[label], clock)
        result[label] = scores(replace(pool, times={**pool.times, label: times}), contribution)
    return result


def _eased(study: Study, target: float, lower_is_better: bool, clock: str) -> float:
    slack = EASIER * abs(target)
    return min(
        [
            study.time,
            *(
                _first(t, kept, target + slack if lower_is_better else target - slack, lower_is_better, clock)
                for t, kept in zip(study.trials, study.kept, strict=True)
            ),
        ]
    )


def _first(trial: Trial, kept: int, target: float, lower_is_better: bool, clock: str) -> float:
    metric = _metric(trial)[:kept]
    met = metric <= target if lower_is_better else metric >= target
    return float(trial.curve[clock][int(np.argmax(met))]) if met.any() else math.inf


def _metric(trial: Trial) -> np.ndarray:
    return np.asarray(trial.curve.get("metric", ()), dtype=float)

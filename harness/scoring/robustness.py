"""What the scores would be without one submission, workload or data family, and with a target 1 % easier."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from harness.scoring.profiles import Contribution, contributions, scores
from harness.scoring.scored import Scored
from harness.scoring.studies import Study, Trial
from harness.scoring.study_times import StudyTimes

EASIER = 0.01
"""By which share of its own size a target is moved."""


def leave_out(study_times: StudyTimes, contribution: Contribution = contributions) -> dict[str, dict[str, dict[str, float]]]:
    """Return {"submission" | "workload" | "family": {what is left out: {submission: score}}}.

    Where there is only one submission, workload or family, it is not left out.
    """
    names, workloads, family = study_times.submissions, study_times.workloads, study_times.families

    def score_on(remaining: list[str]) -> dict[str, float]:
        return scores(study_times.with_workloads(remaining), contribution)

    families = sorted({family[w] for w in workloads})
    return {
        "submission": {
            name: scores(study_times.without_submission(name), contribution) for name in (names if len(names) > 1 else ())
        },
        "workload": {left: score_on([w for w in workloads if w != left]) for left in (workloads if len(workloads) > 1 else ())},
        "family": {
            left: score_on([w for w in workloads if family[w] != left]) for left in (families if len(families) > 1 else ())
        },
    }


def easier_targets(scored: Scored) -> dict[str, dict[str, float]]:
    """Return {label: {submission: score if the target of this workload alone were 1 % of its size easier}}.

    This is exact from pruned records too: an easier target is met no later than the study's fastest hit, up to which the
    records reach. A label is left out where a perfect pruner needs none of its evaluations (imported tables of first hits;
    a variant that every submission skipped).
    """
    study_times, trials = scored.study_times, scored.trials
    targets = {
        str(w): (float(t), bool(low))
        for w, t, low in zip(trials["workload"], trials["target"], trials["lower_is_better"], strict=True)
    }
    result = {}
    for label in study_times.labels:
        members = [s for s in scored.studies if s.workload == label and not s.missing]
        if label not in targets or not any(count for s in members for count in s.counted):
            continue
        times = study_times.times[label].copy()
        for study in members:
            at = study_times.submissions.index(study.submission), study_times.studies[label].index(study.study)
            times[at] = _time_to_easier(study, *targets[label], scored.rules.clock)
        result[label] = scores(replace(study_times, times={**study_times.times, label: times}), scored.contribution)
    return result


def _time_to_easier(study: Study, target: float, lower_is_better: bool, clock: str) -> float:
    slack = EASIER * abs(target)
    easier = target + slack if lower_is_better else target - slack
    hits = [
        _first_hit(trial, counted, easier, lower_is_better, clock)
        for trial, counted in zip(study.trials, study.counted, strict=True)
    ]
    return min([study.time, *hits])


def _first_hit(trial: Trial, counted: int, target: float, lower_is_better: bool, clock: str) -> float:
    metric = np.asarray(trial.curve.get("metric", ()), dtype=float)[:counted]
    met = metric <= target if lower_is_better else metric >= target
    return float(trial.curve[clock][int(np.argmax(met))]) if met.any() else math.inf

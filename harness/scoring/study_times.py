"""The study times of one board as arrays, by workload, with budgets and the steps between evaluations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.records import Status
from harness.scoring.medians import Floats
from harness.scoring.rules import ScoringRules
from harness.scoring.studies import Study


@dataclass(frozen=True)
class StudyTimes:
    """What scores, speed-ups and intervals are computed from. An infinite time means missed, NaN that the study is missing.

    Attributes:
        submissions: all submissions of the board, sorted.
        workloads: base workloads, sorted.
        variants: held-out variants of each base workload, sorted.
        families: data family of each base workload.
        studies: study ids of each workload label, sorted.
        times: label -> X, [submissions, studies].
        steps: label -> clock between the evaluations near X, [submissions, studies].
        budgets: label -> clock at which a trial ends at the latest, NaN where unknown.
        paired: equal study ids mean equal seeds for all submissions.
    """

    submissions: tuple[str, ...]
    workloads: tuple[str, ...]
    variants: Mapping[str, tuple[str, ...]]
    families: Mapping[str, str]
    studies: Mapping[str, tuple[int, ...]]
    times: Mapping[str, Floats]
    steps: Mapping[str, Floats]
    budgets: Mapping[str, float]
    paired: bool

    def without_submission(self, name: str) -> StudyTimes:
        """Return the same study times without the submission `name`."""
        others = [i for i, other in enumerate(self.submissions) if other != name]
        return replace(
            self,
            submissions=tuple(self.submissions[i] for i in others),
            times={label: times[others] for label, times in self.times.items()},
            steps={label: steps[others] for label, steps in self.steps.items()},
        )

    def with_workloads(self, workloads: Sequence[str]) -> StudyTimes:
        """Return the study times of these base workloads, with their variants."""
        return replace(self, workloads=tuple(workloads))

    def count(self, label: str) -> NDArray[np.int64]:
        """Return how many studies of `label` each submission has, [submissions]."""
        present: NDArray[np.int64] = np.sum(~np.isnan(self.times[label]), axis=1)
        return present

    @property
    def labels(self) -> tuple[str, ...]:
        """Base workloads and, after each, its variants."""
        return tuple(label for base in self.workloads for label in (base, *self.variants[base]))


def build_study_times(trials: pd.DataFrame, studies: Sequence[Study], rules: ScoringRules) -> StudyTimes:
    """Return the study times of canonical `studies`.

    Args:
        trials: from `checked`; budgets, families and pairing are read from it.
        studies: from `canonical_studies`.
        rules: of them the clock, and the base workloads that must be there even without any trial.
    """
    submissions = tuple(sorted(set(trials["submission"])))
    ran = {s.workload for s in studies if not s.held_out and Status.SKIPPED not in s.statuses}
    bases = tuple(sorted(ran | set(rules.workloads)))
    variants = {base: tuple(sorted({s.workload for s in studies if s.held_out and s.base == base})) for base in bases}
    row = {name: i for i, name in enumerate(submissions)}
    ids: dict[str, tuple[int, ...]] = {}
    times: dict[str, Floats] = {}
    steps: dict[str, Floats] = {}
    for label in (label for base in bases for label in (base, *variants[base])):
        members = [s for s in studies if s.workload == label]
        ids[label] = tuple(sorted({s.study for s in members}))
        column = {study: j for j, study in enumerate(ids[label])}
        times[label] = np.full((len(submissions), len(column)), np.nan)
        steps[label] = np.full((len(submissions), len(column)), np.nan)
        for study in members:
            if not study.missing:
                times[label][row[study.submission], column[study.study]] = study.time
                steps[label][row[study.submission], column[study.study]] = study.step
    base_rows = trials[~trials["held_out"].astype(bool)]
    families = {str(w): str(f) for w, f in zip(base_rows["workload"], base_rows["family"], strict=True)}
    return StudyTimes(
        submissions=submissions,
        workloads=bases,
        variants=variants,
        families={base: families.get(base, "") for base in bases},
        studies=ids,
        times=times,
        steps=steps,
        budgets=_budgets(trials, rules.clock),
        paired=bool(trials["paired"].astype(bool).all()),
    )


def _budgets(trials: pd.DataFrame, clock: str) -> dict[str, float]:
    """The rules' budget; where they define none on this clock, the latest clock at which a trial ended that nothing stopped."""
    labels = trials["workload"].to_numpy()
    stated = trials[f"budget_{clock}"].to_numpy(dtype=float)
    stopped = trials["status"].isin([Status.PRUNED, Status.KILLED, Status.SKIPPED]).to_numpy()
    ends = np.where(stopped, np.nan, trials[f"end_{clock}"].to_numpy(dtype=float))
    budgets: dict[str, float] = {}
    for label in sorted(set(labels)):
        candidates = [values[(labels == label) & np.isfinite(values)] for values in (stated, ends)]
        budgets[str(label)] = next((float(values.max()) for values in candidates if values.size), math.nan)
    return budgets

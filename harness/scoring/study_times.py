"""The study times of one board as arrays, by workload, with budgets and the steps between evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.records import Status
from harness.scoring.budgets import Budgets, pinned_budgets
from harness.scoring.machines import Machines, machines_of
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
        budgets: what a miss is charged on this clock; it does not depend on who else entered.
        machines: where the studies ran: only those of equal kinds are paired.
        paired: equal study ids mean equal seeds for all submissions.
    """

    submissions: tuple[str, ...]
    workloads: tuple[str, ...]
    variants: Mapping[str, tuple[str, ...]]
    families: Mapping[str, str]
    studies: Mapping[str, tuple[int, ...]]
    times: Mapping[str, Floats]
    steps: Mapping[str, Floats]
    budgets: Budgets
    machines: Machines
    paired: bool

    def without_submission(self, name: str) -> StudyTimes:
        """Return the same study times without the submission `name`."""
        others = [i for i, other in enumerate(self.submissions) if other != name]
        return replace(
            self,
            submissions=tuple(self.submissions[i] for i in others),
            times={label: times[others] for label, times in self.times.items()},
            steps={label: steps[others] for label, steps in self.steps.items()},
            machines=self.machines.without(self.submissions.index(name)),
        )

    def with_workloads(self, workloads: Sequence[str]) -> StudyTimes:
        """Return the study times of these base workloads, with their variants."""
        return replace(self, workloads=tuple(workloads))

    def count(self, label: str) -> NDArray[np.int64]:
        """Return how many studies of `label` each submission has, [submissions]."""
        present: NDArray[np.int64] = np.sum(~np.isnan(self.times[label]), axis=1)
        return present

    def groups(self, label: str) -> dict[str, list[int]]:
        """Return {kind of machine: submissions (indices) whose studies of `label` are resampled together}."""
        return self.machines.groups(label, self.times[label])

    @property
    def labels(self) -> tuple[str, ...]:
        """Base workloads and, after each, its variants."""
        return tuple(label for base in self.workloads for label in (base, *self.variants[base]))


def build_study_times(trials: pd.DataFrame, studies: Sequence[Study], rules: ScoringRules) -> StudyTimes:
    """Return the study times of canonical `studies`.

    Args:
        trials: from `checked`; budgets, families and pairing are read from it.
        studies: from `canonical_studies`.
        rules: of them the clock, the baseline, by whose cost per example a budget in examples is read on other clocks, and
            the base workloads that must be there even without any trial.
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
        budgets=pinned_budgets(trials, rules.clock, rules.baseline),
        machines=machines_of(trials, submissions, ids),
        paired=bool(trials["paired"].astype(bool).all()),
    )

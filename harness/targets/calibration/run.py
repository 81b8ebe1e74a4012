"""Runs the two stages of a calibration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.canonical import stable_seed
from harness.contracts.spaces import Range
from harness.contracts.workloads import Workload
from harness.records import Status, TrialRecord, TrialSpec
from harness.results import ResultStore
from harness.rules import CALIBRATION
from harness.targets.calibration.choice import WITHOUT_RESULT, gain_of, mean, ranking, space_around
from harness.targets.calibration.design import CalibrationDesign
from harness.targets.calibration.subject import Subject
from harness.targets.protocol import at_horizon, plan_of, spec_of
from harness.targets.run_protocol import RunPlan
from harness.targets.target_entry import NoTarget

DECLARED = 0
"""Index of the point of declared defaults."""


class NotCalibrated(NoTarget):
    """A calibration has no result. The message is the reason, in one line."""


@dataclass(frozen=True)
class Stage:
    """What one stage measured.

    Attributes:
        horizon: of its trials, in budgets.
        variants: how many each point was trained on.
        gains: {index of the point: its gain on each variant}.
        limited: {index of the point: on how many variants its gain is the smallest that is read}.
    """

    horizon: float
    variants: int
    gains: Mapping[int, Sequence[float]]
    limited: Mapping[int, int]

    def to_json(self, chosen: int) -> dict[str, Any]:
        """Return the mean gains of the chosen point and of the declared defaults, as JSON types."""
        which = {"calibrated": chosen, "declared": DECLARED}
        return {
            "horizon": self.horizon,
            "variants": self.variants,
            "gain": {what: round(mean(self.gains[point]), 4) for what, point in which.items()},
            "limited": {what: self.limited[point] for what, point in which.items()},
        }


@dataclass(frozen=True)
class Calibration:
    """The result of a calibration.

    Attributes:
        subject: what was calibrated.
        points: hyperparameters of every point; the first are the declared defaults.
        stages: what was measured.
        chosen: index of the point with the largest mean gain in the second stage.
        space: range of every hyperparameter that is still to be tuned.
        records: of all trials.
    """

    subject: Subject
    points: Sequence[Mapping[str, Any]]
    stages: tuple[Stage, Stage]
    chosen: int
    space: Mapping[str, Range]
    records: Sequence[TrialRecord]

    @property
    def defaults(self) -> Mapping[str, Any]:
        """{hyperparameter: its value at the chosen point}."""
        return self.points[self.chosen]

    @property
    def seconds(self) -> float:
        """Seconds of all trials."""
        return math.fsum(record.total_seconds for record in self.records)

    @property
    def budgets(self) -> float:
        """Budgets of all trials."""
        return math.fsum(stage.horizon * len(stage.gains) * stage.variants for stage in self.stages)


class CalibrationRun:
    """Runs a calibration. Every trial is recorded in `store` and never run again.

    Args:
        subject: what is calibrated.
        design: which points are tried, and where.
        variants: {label: held-out variant}, those of the first stage among them.
        store: the records.
        run_plan: runs those trials of a plan that are not in `store`.
    """

    def __init__(
        self,
        subject: Subject,
        design: CalibrationDesign,
        variants: Mapping[str, Workload],
        store: ResultStore,
        run_plan: RunPlan,
    ) -> None:
        self.subject, self.design, self.variants = subject, design, variants
        self.points = subject.points(design.drawn)
        self._store, self._run_plan = store, run_plan
        self._records: list[TrialRecord] = []

    def calibrate(self) -> Calibration:
        """Run both stages and return the result.

        Raises:
            NotCalibrated: a trial was not run, or none of the first stage came to its end.
        """
        self._records = []
        first = self._stage(0, range(len(self.points)), self.design.screened)
        ranked = ranking(first.gains)
        finalists = ranked[: self.design.finalists]
        second = self._stage(1, sorted({DECLARED, *finalists}), tuple(self.variants))
        chosen = ranking(second.gains)[0]
        upper = ranked[: math.ceil(self.design.kept * len(self.points))]
        held = [self.points[point] for point in dict.fromkeys((*upper, *finalists, chosen))]
        space = space_around(self.subject.bounds, held)
        return Calibration(self.subject, self.points, (first, second), chosen, space, tuple(self._records))

    def _stage(self, index: int, points: Sequence[int], labels: Sequence[str]) -> Stage:
        trials = {(point, label): self._trial(index, point, self.variants[label]) for point in points for label in labels}
        self._run_plan(plan_of(list(trials.values()), {label: self.variants[label] for label in labels}, CALIBRATION))
        records = {place: self._result(spec) for place, spec in trials.items()}
        self._records += records.values()
        if not any(record.status in (Status.FINISHED, Status.DIVERGED) for record in records.values()):
            reason = next(iter(records.values())).reason
            raise NotCalibrated(f"no trial of {self.subject.trained.name} came to its end ({reason})")
        read = {place: gain_of(self.variants[place[1]], record) for place, record in records.items()}
        gains = {point: [read[point, label][0] for label in labels] for point in points}
        limited = {point: sum(read[point, label][1] for label in labels) for point in points}
        return Stage(self.design.horizons[index], len(labels), gains, limited)

    def _trial(self, stage: int, point: int, workload: Workload) -> TrialSpec:
        """Return the trial of a point in a stage; all points share its seed, which nothing else uses."""
        seed = stable_seed(0, workload.label, "calibration", stage)
        trained = self.subject.trained
        spec = spec_of(workload, trained, self.points[point], CALIBRATION, seed, (stage, point))
        short = at_horizon(spec, workload, self.design.horizons[stage])
        if "validation_metric" not in trained.facts["listens"]:
            return short
        return replace(short, evaluation_period=workload.size.evaluation_period)

    def _result(self, spec: TrialSpec) -> TrialRecord:
        record = self._store.read(spec)
        if record is None or record.status not in (Status.FINISHED, *WITHOUT_RESULT):
            why = "it was not run" if record is None else f"{record.status}: {record.reason}"
            raise NotCalibrated(
                f"a trial of {spec.submission} on {spec.workload_label} has no result ({why}): run the same command again"
            )
        return record

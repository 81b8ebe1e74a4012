"""What has happened in a trial so far, how it ended, and the record that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harness.canonical import canonical_json
from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.workloads import Workload
from harness.pruning import Stop
from harness.records import CLOCKS, FAILURES, Artefact, Status, TrialRecord, TrialResult, TrialSpec, meets_target
from harness.registry import Submission
from harness.rules import OVERSHOOT, RULESETS
from harness.trial.answers import learning_rate
from harness.trial.facts import submission_facts, workload_facts
from harness.trial.losses import LossLog
from harness.trial.meter import Meter
from harness.trial.process.failures import full_traceback
from harness.trial.tampering import Tampering

TRACEBACK = "traceback.txt"
"""Name of the artefact that holds the full traceback of the exception that ended a trial."""


class Trace:
    """The recorded learning rates: one point about every `every` charged examples.

    Args:
        every: charged examples between two points.
        points: where (steps, examples, learning rate) is appended.

    Attributes:
        due: thirds of an example charged when the next point is due.
    """

    def __init__(self, every: float, points: list[tuple[float, float, float]]) -> None:
        self.due, self._every, self._points = 0.0, 3 * every, points

    def add(self, meter: Meter, algorithm: TrainingAlgorithm) -> None:
        """Add the point that is due; the next one is due `every` examples later."""
        self._points.append((meter.steps, meter.examples, learning_rate(algorithm) or 0.0))
        self.due += self._every


class Run:
    """A trial that is running: its evaluations and clocks so far, and its status once it has ended."""

    __slots__ = (
        *("spec", "workload", "status", "reason", "complete", "evaluations", "learning_rates", "clocks"),
        *("beater", "pruned_by", "ended_as", "artefacts", "losses", "_texts"),
    )

    def __init__(self, spec: TrialSpec, workload: Workload) -> None:
        self.spec, self.workload = spec, workload
        self.status = Status.FAILED
        self.reason = "it did not start"
        self.complete = False
        self.evaluations: list[dict[str, float]] = []
        self.learning_rates: list[tuple[float, float, float]] = []
        self.clocks: dict[str, float] = {}
        self.beater: dict[str, Any] | None = None
        self.pruned_by = ""
        self.ended_as = ""
        self.artefacts: list[Artefact] = []
        self.losses: LossLog | None = None
        self._texts: tuple[str, ...] = ()

    def end(self, status: Status, reason: str, *, complete: bool = False) -> None:
        """Set how the trial ended; a trial that has reached its target keeps that status, beside how it ended later."""
        self.complete = complete
        if self.status != Status.REACHED:
            self.status, self.reason = status, reason
        elif status in (Status.DIVERGED, *FAILURES):
            self.ended_as, self.reason = status, f"{self.reason}; {status} later: {reason}"

    def fail(self, status: Status, reason: str, error: BaseException) -> None:
        """End the trial because of an exception, and keep its full traceback as an artefact."""
        self.end(status, reason)
        self.artefacts.append(Artefact(TRACEBACK, full_traceback(error)))

    def void(self, reason: str, error: BaseException) -> None:
        """End the trial as failed because its measurements cannot be trusted, and drop them."""
        self.status, self.complete, self.ended_as = Status.FAILED, False, ""
        self.evaluations, self._texts, self.losses = [], (), None
        self.fail(Status.FAILED, reason, error)

    def stop(self, stop: Stop, due: float, clock: str) -> None:
        """End the trial as pruned, because of what its stop channel returned."""
        self.beater, self.pruned_by = stop.evidence(due), stop.kind
        self.end(Status.PRUNED, stop.words(clock))

    def overspent(self, before: float, now: float, end: float) -> bool:
        """Return whether the last step went too far past the end; if so, the trial has ended, without an evaluation there.

        A step may go past the end by `OVERSHOOT` of the trial's length, or by one evaluation period where that is more:
        a batch that is larger than the reference batch, or that does not divide what is left, must not cost a hit.

        Args:
            before: charged examples before the step; the charge for the validation metric is not part of the step.
            now: charged examples after it.
            end: charged examples at which the trial ends.
        """
        over, most = now - max(before, end), max(OVERSHOOT * end, self.spec.evaluation_period)
        if over > most:
            status = Status.MISSED if RULESETS[self.spec.track].targeted else Status.FAILED
            reason = f"the last step ended {over:g} examples past the end of the trial; at most {most:g} are allowed"
            self.end(status, reason, complete=status == Status.MISSED and bool(self.evaluations))
        return over > most

    def evaluated(self, metrics: Mapping[str, float]) -> float:
        """Add an evaluation at the present clocks, note whether it meets the target, and return the workload's metric."""
        name = self.workload.metric
        value = metrics[name]
        others = {other: number for other, number in metrics.items() if other != name}
        self.evaluations.append({**{clock: self.clocks[clock] for clock in CLOCKS}, "metric": value, **others})
        self._texts = (*self._texts, canonical_json(self.evaluations[-1]))
        if meets_target(value, self.spec.target, lower_is_better=self.workload.lower_is_better):
            self.end(Status.REACHED, f"{name} {value:.4g} meets the target {self.spec.target:g}")
        return value

    def finish(self) -> None:
        """End the trial at its horizon, after its last evaluation."""
        name, values = self.workload.metric, [evaluation["metric"] for evaluation in self.evaluations]
        if not RULESETS[self.spec.track].targeted:
            return self.end(Status.FINISHED, f"final {name} {values[-1]:.4g}", complete=True)
        best = min(values) if self.workload.lower_is_better else max(values)
        return self.end(Status.MISSED, f"best {name} {best:.4g}, target {self.spec.target:g}", complete=True)

    def result(self, submission: Submission, environment: Mapping[str, Any], wall_seconds: float) -> TrialResult:
        """Return the record of the trial and its artefacts."""
        if tuple(map(canonical_json, self.evaluations)) != self._texts:
            error = Tampering("the evaluations were changed while the trial ran: leave them as they are")
            self.void(str(error), error)
        record = TrialRecord(
            spec=self.spec,
            status=self.status,
            reason=self.reason,
            complete=self.complete,
            evaluations=tuple(self.evaluations),
            learning_rates=tuple(self.learning_rates),
            clocks={**self.clocks, "wall_seconds": wall_seconds},
            beater=self.beater,
            pruned_by=self.pruned_by,
            ended_as=self.ended_as,
            environment=dict(environment),
            facts={"workload": workload_facts(self.workload), "submission": submission_facts(submission, self.spec)},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        losses = [self.losses.artefact()] if self.losses is not None else []
        return TrialResult(record, (*self.artefacts, *losses))

"""One trial of a submission on the smoke workload, in a process of its own, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.checking import CallFailed, ProcessDied, Repeat
from harness.cli.app import plain_line
from harness.cli.next_race import next_race
from harness.cli.running.audit_machine import Processes
from harness.contracts.workloads import Workload
from harness.execution.settings import Settings
from harness.plan import Request, make_plan
from harness.records import FAILURES, TrialRecord
from harness.registry import Submission
from harness.trial.process.machine_memory import default_memory

ARTEFACTS = "; see "
"""What follows names files that a run would have written."""


@dataclass(frozen=True)
class SmokeTrial:
    """What one trial of a submission came to.

    Attributes:
        submission: which was tried.
        workload: on which.
        record: of the trial; None where its process gave none.
        reason: why there is none.
    """

    submission: Submission
    workload: Workload
    record: TrialRecord | None
    reason: str = ""

    @property
    def runs(self) -> bool:
        """Whether the trial went on to its end."""
        return self.record is not None and self.record.status not in FAILURES

    def facts(self) -> str:
        """Return what is known before anything has run."""
        facts = self.submission.facts
        listed = len(self.submission.points)
        space = f"{listed} points" if listed else "a space" if facts["space"] else "no space"
        named = ", ".join(facts["hyperparameters"]) or "none"
        return plain_line(f"{self.submission.name}: hyperparameters {named}; {space}")

    def lines(self) -> Iterator[str]:
        """Yield what the trial came to."""
        if self.record is None or not self.runs:
            reason = self.reason if self.record is None else f"{self.record.status}: {self.record.reason}"
            yield plain_line(f"{self.workload.label}: {reason.partition(ARTEFACTS)[0]}")
            return
        clocks = self.record.clocks
        steps = clocks["steps"]
        charge = clocks["examples"] / steps
        yield f"{self.workload.label}: {steps:g} steps, {charge:g} examples charged per step, {clocks['seconds']:.2f} s"
        if values := self._values:
            best = min(values) if self.workload.lower_is_better else max(values)
            ends = f"{values[0]:.4g} at first, {best:.4g} at best"
            yield f"{self.workload.metric}: {ends}, {self.workload.trivial_metric():.4g} of a model that has learnt nothing"

    def verdict(self) -> str:
        """Return whether it runs and learns, in words."""
        if self.record is None or not self.runs:
            return "it does not run"
        values, trivial = self._values, self.workload.trivial_metric()
        if not values:
            return f"it runs, but its weights were {self.record.status}: {self.record.reason}"
        learns = min(values) < trivial if self.workload.lower_is_better else max(values) > trivial
        return "it runs" if learns or math.isnan(trivial) else "it runs, but learns nothing in this trial"

    @property
    def race(self) -> str:
        """Return the command with which its author goes on."""
        own = self.submission
        return next_race(own.raced_as, schedule=own.reference_recipe, drawn=bool(own.points))

    @property
    def _values(self) -> list[float]:
        """The metric at each evaluation."""
        evaluations = self.record.evaluations if self.record is not None else ()
        return [value for evaluation in evaluations if (value := evaluation["metric"]) is not None]


def smoke_trial(name: str, data_directory: Path, seconds: float) -> SmokeTrial:
    """Run the first trial of a submission on the smoke workload.

    Args:
        name: of the submission.
        data_directory: where prepared data lie.
        seconds: time limit of the trial.

    Raises:
        BadInput: there is no such submission, or it cannot be loaded.
    """
    plan = make_plan(Request(suite="smoke", submissions=(name,), studies=1, trials=1))
    spec = plan.trials[0]
    submission, workload = plan.submissions[spec.submission], plan.workloads[spec.workload_label]
    machine = Processes(Settings("inline", data_directory, memory=default_memory(1)))
    try:
        return SmokeTrial(submission, workload, machine.run(Repeat(spec, "cpu", seconds, to_end=True, evaluations=None)))
    except (CallFailed, ProcessDied) as error:
        return SmokeTrial(submission, workload, None, str(error))
    finally:
        machine.close()

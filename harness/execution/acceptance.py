"""Which records of workers the driver believes: a record must be about the trial that was sent, and must be possible.

A worker runs code of strangers, so everything in its record that follows from the specification and the evaluations is
checked here, in the driver, against the driver's own specification. What is only improbable is no matter for this module: a
board says it (`harness.scoring.doubts`). What is impossible in itself is `harness.trial.impossible`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.execution.worker import ended
from harness.plan import Plan
from harness.records import Status, TrialRecord, TrialSpec, fact_of
from harness.trial.impossible import impossible, latest_end


class Acceptance:
    """Decides about the records of a plan's trials.

    Args:
        plan: what was sent to workers.
        device: where trials train.
        run_to_end: whether nothing stops a trial before the end of its horizon.
    """

    def __init__(self, plan: Plan, device: str, *, run_to_end: bool) -> None:
        self._plan, self._device, self._run_to_end = plan, device, run_to_end
        self._facts: dict[tuple[str, str], Mapping[str, Any]] = {}

    def accept(self, record: TrialRecord, sent: TrialSpec) -> TrialRecord:
        """Return the record, with the driver's own facts; if it cannot be true, a failed one that says why.

        Args:
            record: what a worker returned.
            sent: what the worker was to run.
        """
        try:
            problem = self._problem(record, sent)
        except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
            problem = f"it is not well formed ({type(error).__name__}: {error})"
        facts = self._facts_of(sent)
        if not problem:
            return replace(record, spec=sent, facts=facts)
        reason = f"the record that its worker returned cannot be true: {problem}"
        return TrialRecord(sent, Status.FAILED, reason, facts=facts, environment=record.environment, created=record.created)

    def _facts_of(self, spec: TrialSpec) -> Mapping[str, Any]:
        key = spec.submission, spec.workload_label
        if key not in self._facts:
            workload, submission = self._plan.workloads[spec.workload_label], self._plan.submissions[spec.submission]
            self._facts[key] = ended(spec, workload, submission, Status.FAILED, "").facts
        return self._facts[key]

    def _problem(self, record: TrialRecord, sent: TrialSpec) -> str:
        """Return why a record cannot be true; "" if it can."""
        if record.spec.to_json() != sent.to_json() or replace(sent).id != sent.id:  # a new object computes its id anew
            return "it is about another trial than the one that was sent"
        if record.environment.get("device", self._device) != self._device:
            return f"it trained on {record.environment['device']}, not on {self._device}"
        workload = self._plan.workloads[sent.workload_label]
        listens = "validation_metric" in (fact_of(self._facts_of(sent), "submission", "listens") or ())
        return impossible(
            record,
            lower_is_better=workload.lower_is_better,
            run_to_end=self._run_to_end,
            latest_end=latest_end(sent, workload.size.validation_examples, listens=listens),
        )

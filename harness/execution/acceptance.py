"""Which records of workers the driver believes: a record must be about the trial that was sent, and must be possible.

A worker runs code of strangers, so everything in its record that follows from the specification and the evaluations is
checked here, in the driver, against the driver's own specification. What is only improbable is no matter for this module: a
board says it (`harness.scoring.doubts`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.contracts.workloads import Workload
from harness.execution.worker import ended
from harness.plan import Plan
from harness.pruning import next_evaluation
from harness.records import CLOCKS, FAILURES, Status, TrialRecord, TrialSpec, fact_of, meets_target
from harness.rules import OVERSHOOT, RULESETS

SLACK, SLACK_SECONDS = 0.02, 0.05
"""By how much clocks of different kinds may contradict each other: the share, and in addition so many seconds. In the
reference result none does by more than a microsecond; some systems count CPU seconds in ticks of 16 ms."""

ALMOST = 1e-6
"""Charges are whole thirds of an example, to this error of a float."""

WORKERS_STATUSES = frozenset(Status) - {Status.SKIPPED}
"""How a trial that a worker has run can end."""


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
        return (
            _wrong_clocks(record)
            or _wrong_positions(record, _latest_end(sent, workload, listens=listens))
            or _wrong_status(record, lower_is_better=workload.lower_is_better, run_to_end=self._run_to_end)
        )


def _latest_end(spec: TrialSpec, workload: Workload, *, listens: bool) -> float:
    """Return the charged examples after which no evaluation can come; infinite if that depends on the data."""
    end = min(spec.horizon, spec.budget)
    if listens and not workload.size.validation_examples:
        return math.inf
    return end + max(OVERSHOOT * end, spec.evaluation_period) + (workload.size.validation_examples / 3 if listens else 0.0)


def _wrong_clocks(record: TrialRecord) -> str:
    """Return which clock is impossible (negative, not finite, running backwards, contradicting another one); "" if none is."""
    last: Mapping[str, float | None] = dict.fromkeys(CLOCKS, 0.0)
    readings = [*record.evaluations, record.clocks] if record.evaluations else [{**last, **record.clocks}]
    for index, reading in enumerate(readings):
        for clock in CLOCKS:
            now, before = reading.get(clock), last[clock]
            if now is None or not math.isfinite(now) or now < (before or 0.0):
                where = f"at evaluation {index + 1}" if index < len(record.evaluations) else "at the end"
                return f"{where} it had {now} {clock}, after {before}"
        last = reading
    clocks = record.clocks
    for name, value in clocks.items():
        if not 0 <= value < math.inf:
            return f"{name} is {value}"
    seconds, wall = clocks.get("seconds", 0.0), clocks.get("wall_seconds", math.inf)
    measured = math.fsum(clocks.get(name, 0.0) for name in ("seconds", "evaluation_seconds", "setup_seconds"))
    if _shorter(wall, measured):
        return f"it took {wall:g} seconds, of which {measured:g} were measured"
    if record.environment.get("device") == "cpu" and _shorter(clocks.get("process_seconds", math.inf), seconds):
        return f"its thread used {seconds:g} CPU seconds, and its process only {clocks['process_seconds']:g}"
    return ""


def _shorter(whole: float, part: float) -> bool:
    return whole < (1 - SLACK) * part - SLACK_SECONDS


def _wrong_positions(record: TrialRecord, latest_end: float) -> str:
    """Return which evaluation is not one that the specification makes due, each once and in order; "" if all are."""
    spec = record.spec
    end, before = min(spec.horizon, spec.budget), 0.0
    for index, evaluation in enumerate(record.evaluations, 1):
        examples = float(evaluation["examples"] or 0.0)
        if before >= end:
            return f"evaluation {index} comes after the end"
        if examples < next_evaluation(before, spec):
            return f"evaluation {index}, at {examples:g} examples, comes before it is due"
        if abs(3 * examples - round(3 * examples)) > ALMOST:
            return f"evaluation {index}, at {examples!r} examples, is at no whole third of an example"
        if examples > latest_end:
            return f"evaluation {index}, at {examples:g} examples, is too far past the end"
        before = examples
    steps = [float(evaluation["steps"] or 0.0) for evaluation in record.evaluations]
    if any(step < 1 or step != round(step) for step in steps):
        return "it has an evaluation after no whole number of steps"
    return ""


def _wrong_status(record: TrialRecord, *, lower_is_better: bool, run_to_end: bool) -> str:
    """Return how the status contradicts the evaluations; "" if it follows from them."""
    spec, status = record.spec, Status(record.status)
    end, examples = min(spec.horizon, spec.budget), record.clocks.get("examples", 0.0)
    metrics = [evaluation["metric"] for evaluation in record.evaluations]
    hits = [value for value in metrics if meets_target(value, spec.target, lower_is_better=lower_is_better)]
    targeted = RULESETS[spec.track].targeted
    claims: list[tuple[bool, str]] = [
        (status not in WORKERS_STATUSES, f"no worker ends a trial as {status}"),
        (not all(math.isfinite(value) for value in hits if value is not None), "a metric is infinite and meets the target"),
        (status == Status.REACHED and not hits, "it is reached, but no evaluation meets the target"),
        (status != Status.REACHED and bool(hits), f"it is {status}, but an evaluation meets the target"),
        (status == Status.MISSED and not (targeted and examples >= end), "it is missed, but it did not run to its end"),
        (status == Status.FINISHED and (targeted or not metrics or examples < end), "it is finished, but not at its end"),
        (status == Status.PRUNED and (run_to_end or not record.beater), "it is pruned, but nothing stopped it"),
        (status == Status.KILLED and bool(metrics), "it is killed, but has evaluations"),
        (
            bool(record.ended_as) and (status != Status.REACHED or record.ended_as not in (Status.DIVERGED, *FAILURES)),
            f"it is {status}, and ended as {record.ended_as}",
        ),
        (
            record.complete and not (metrics and examples >= end) and Status.DIVERGED not in (status, record.ended_as),
            "it is complete, but was not evaluated at its end",
        ),
    ]
    return next((words for wrong, words in claims if wrong), "")

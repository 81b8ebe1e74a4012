"""What a record cannot say: clocks, evaluations and a status that contradict its specification or one another.

The driver asks it of every record that a worker returns, and an audit of every record that it finds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.pruning import next_evaluation
from harness.records import CLOCKS, FAILURES, Status, TrialRecord, TrialSpec, meets_target
from harness.rules import OVERSHOOT, RULESETS

SLACK, SLACK_SECONDS = 0.02, 0.05
"""By how much clocks of different kinds may contradict each other: the share, and in addition so many seconds. In the
reference result none does by more than a microsecond; some systems count CPU seconds in ticks of 16 ms."""

ALMOST = 1e-6
"""Charges are whole thirds of an example, to this error of a float."""

WORKERS_STATUSES = frozenset(Status) - {Status.SKIPPED}
"""How a trial that a worker has run can end."""


def impossible(record: TrialRecord, *, lower_is_better: bool, run_to_end: bool, latest_end: float) -> str:
    """Return why a record contradicts its specification or itself; "" if it does not.

    Args:
        record: of a trial that a worker has run.
        lower_is_better: direction of the workload's metric.
        run_to_end: whether nothing stops the trial before the end of its horizon.
        latest_end: charged examples after which no evaluation can come.
    """
    return (
        _wrong_clocks(record)
        or _wrong_positions(record, latest_end)
        or _wrong_status(record, lower_is_better=lower_is_better, run_to_end=run_to_end)
    )


def latest_end(spec: TrialSpec, validation_examples: int, *, listens: bool) -> float:
    """Return the charged examples after which no evaluation can come; infinite if that depends on the data.

    Args:
        spec: of the trial.
        validation_examples: how many the workload judges on; 0 means all.
        listens: whether the submission pays for the validation metric.
    """
    end = min(spec.horizon, spec.budget)
    if listens and not validation_examples:
        return math.inf
    return end + max(OVERSHOOT * end, spec.evaluation_period) + (validation_examples / 3 if listens else 0.0)


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
    on_cpu = record.environment.get("device") == "cpu"
    several = on_cpu and seconds == clocks.get("process_seconds")  # threads: they may compute for longer than the trial takes
    took = max(wall, clocks.get("cpu_seconds", 0.0)) if several else wall
    measured = math.fsum(clocks.get(name, 0.0) for name in ("seconds", "evaluation_seconds", "setup_seconds"))
    if _shorter(took, measured):
        return f"it took {took:g} seconds, of which {measured:g} were measured"
    if on_cpu and _shorter(clocks.get("process_seconds", math.inf), seconds):
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

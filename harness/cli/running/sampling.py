"""Draws the pure schedules of a plan before a worker starts, in a process of its own: none of them can harm the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.checking.checks.drawing import sampled_steps
from harness.cli.running.forked import check_apart
from harness.contracts.errors import BadInput
from harness.contracts.schedules import Schedule
from harness.plan import Plan


@dataclass(frozen=True)
class Drawing:
    """What a plan's trials draw of one schedule: its arguments to `Schedule.sample`, {"steps": ..., "horizon": ..., ...}."""

    schedule: Schedule
    arguments: Sequence[dict[str, Any]]

    def problem(self) -> str:
        """Return what is wrong with the schedule in one line, "" if nothing is."""
        try:
            for arguments in self.arguments:
                self.schedule.sample(**arguments)
        except BadInput as error:
            return f"{error} (horizon {arguments['horizon']:g})"
        return ""


def check_schedules(plan: Plan) -> None:
    """Check that the pure schedules of a plan return multipliers; one that ends its process, or hangs, is left to its trials.

    Raises:
        BadInput: one does not.
    """
    check_apart(drawings(plan))


def drawings(plan: Plan) -> list[Drawing]:
    """Return what the plan's trials draw, a `Drawing` per submission with a pure schedule."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for spec in plan.trials:
        schedule = plan.submissions[spec.submission].schedule
        if schedule is None or schedule.closed_loop:
            continue
        batch = plan.workloads[spec.workload_label].size.batch_size
        values = {**spec.hyperparameters, **spec.given}
        horizon = (spec.horizon - spec.warmup) / batch
        arguments = {
            "horizon": horizon,
            "warmup": spec.warmup / batch,
            "batch_size": batch,
            "hyperparameters": {key: value for key, value in values.items() if key in schedule.defaults},
        }
        steps = sampled_steps(int(horizon))
        found.setdefault(spec.submission, {})[repr(arguments)] = {"steps": steps, **arguments}
    pure = ((plan.submissions[name].schedule, arguments) for name, arguments in found.items())
    return [Drawing(schedule, list(arguments.values())) for schedule, arguments in pure if schedule is not None]

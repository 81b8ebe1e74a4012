"""Draws the pure schedules of a plan before a worker starts, in a process of its own: none of them can harm the run."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from harness.contracts.errors import BadInput
from harness.contracts.schedules import Schedule
from harness.plan import Plan
from harness.trial.process.memory_limit import memory_limit

SECONDS = 10.0
"""A schedule that takes longer is not judged here: the time limit of its trials does that."""

BYTES = 2**31
"""Memory that drawing a schedule may take."""

ENDS, BETWEEN = 16, 64
"""Multipliers are drawn at so many steps from either end, and at so many in between."""

LONGEST_LINE = 2**16
FORK = multiprocessing.get_context("fork")
"""A forked process has loaded all that a schedule needs."""


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


class Checked(Protocol):
    """Something of a plan that a process of its own judges."""

    def problem(self) -> str:
        """Return what is wrong in one line, "" if nothing is."""


def check_apart(some: Sequence[Checked]) -> None:
    """Judge each in a forked process, with a limit of time and memory; what ends that process, or hangs, is not judged.

    Raises:
        BadInput: one of them has a problem.
    """
    while some:
        some = some[_checked(some) + 1 :]


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


def sampled_steps(horizon: int) -> list[int]:
    """Return the steps at which a schedule is drawn: both ends of the horizon, and a grid between them."""
    grid = (round(i * horizon / BETWEEN) for i in range(BETWEEN))
    return sorted({step for step in (*range(ENDS), *grid, *range(horizon - ENDS, horizon)) if 0 <= step < horizon})


def _checked(some: Sequence[Checked]) -> int:
    """Judge some in a process of their own; return the index of the last one that is judged, or that ended the process."""
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_draw, args=(some, sender))
    process.start()
    sender.close()
    try:
        for index in range(len(some)):
            try:
                line = receiver.recv_bytes(LONGEST_LINE).decode("utf-8", "replace") if receiver.poll(SECONDS) else None
            except (EOFError, OSError):
                line = None
            if line is None:
                return index
            if line:
                raise BadInput(line)
    finally:
        process.kill()
        process.join()
        receiver.close()
    return len(some) - 1


def _draw(some: Iterable[Checked], sender: Connection) -> None:
    """Send what is wrong with each in turn, quietly, and end this process without its parent's clean-up."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(quiet, descriptor)
    try:
        with memory_limit(BYTES, own_process=True):
            for item in some:
                sender.send_bytes(item.problem().encode("utf-8", "replace")[:LONGEST_LINE])
    finally:
        os._exit(0)

"""Draws the multipliers of a pure schedule without judging them."""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.contracts.errors import ContractError
from harness.contracts.messages import said
from harness.contracts.numbers import whole
from harness.contracts.schedules import Schedule, checked_multiplier
from harness.registry import Submission

HORIZONS = (95, 48, 1000, 7, 2, 100_003)
"""Steps after warm-up: shorter and longer than those of any trial, odd and even; first two of the smoke workload."""

WARMUP = 0.05
"""Share of a run that is warm-up, as in most workloads."""

BATCH_SIZE = 16

ENDS, BETWEEN = 16, 64
"""Multipliers are drawn at so many steps from either end of a horizon, and at so many in between."""


class Drawn(NamedTuple):
    """What a schedule returned at a step.

    Attributes:
        step: after warm-up.
        value: what it returned; None also where it raised an exception.
        multiplier: what a trial makes of it; None where that is an error.
        problem: that error in one line, or "".
    """

    step: int
    value: Any
    multiplier: float | None
    problem: str


def sampled_steps(horizon: int) -> list[int]:
    """Return the steps at which a schedule is drawn: both ends of the horizon, and a grid between them."""
    grid = (round(i * horizon / BETWEEN) for i in range(BETWEEN))
    return sorted({step for step in (*range(ENDS), *grid, *range(horizon - ENDS, horizon)) if 0 <= step < horizon})


def started(schedule: Schedule, submission: Submission, horizon: int) -> Any:
    """Return the schedule at the start of a run of so many steps after warm-up, with the values that the user set."""
    given = {key: value for key, value in submission.given.items() if key in schedule.defaults}
    warmup = round(WARMUP * horizon)
    return schedule.start(horizon=horizon, warmup=warmup, batch_size=BATCH_SIZE, hyperparameters=given)


def drawn(schedule: Schedule, run: Any, step: int) -> Drawn:
    """Return what a started schedule returns at a step."""
    value = None
    try:
        value = run.multiplier(whole(step))
        return Drawn(step, value, checked_multiplier(schedule, value, step), "")
    except ContractError as error:
        return Drawn(step, value, None, str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001  a plug-in may raise anything
        return Drawn(step, value, None, f"{schedule.title} raised {said(error)} at step {step}")

"""A scheduler of torch as a schedule: its learning rates on a dummy optimizer, tabulated."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from harness.contracts.errors import BadInput
from harness.contracts.messages import said
from harness.contracts.schedules import Schedule, checked_multiplier
from harness.registry.libraries.table import SCHEDULE

HORIZON_ARGUMENTS = ("T_max", "total_steps")
"""Arguments of torch's schedulers that are the number of steps to the end of training."""

HORIZON_OF = {"PolynomialLR": ("total_iters",)}
"""Schedulers whose `total_iters` is the end of training too: of others it is the end of a warm-up."""

_NOT_SET = ("optimizer", "last_epoch", "verbose", "cycle_momentum", "base_momentum", "max_momentum")

SHORT = 8
"""Steps that a scheduler is tried for when it is named."""


def library_schedule(name: str, kind: type) -> Schedule:
    """Return a schedule that tabulates a torch scheduler on a dummy optimizer whose learning rate is 1.

    Every number of the constructor is a hyperparameter; rates are multiples of the peak. Those without a default must be set,
    as in ``torch.optim.lr_scheduler.ExponentialLR:gamma=0.99``; what counts steps counts them after warm-up.
    """
    arguments = {key: item for key, item in inspect.signature(kind).parameters.items() if key not in _NOT_SET}
    horizon_arguments = [key for key in (*HORIZON_ARGUMENTS, *HORIZON_OF.get(kind.__name__, ())) if key in arguments]
    defaults = _defaults({key: item for key, item in arguments.items() if key not in horizon_arguments})
    momentum = {"cycle_momentum": False} if "cycle_momentum" in inspect.signature(kind).parameters else {}

    @lru_cache(maxsize=8)
    def table(horizon: int, values: tuple[tuple[str, Any], ...]) -> list[float]:
        torch = import_module("torch")
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        given = {key: list(value) if isinstance(value, tuple) else value for key, value in values}
        scheduler = kind(optimizer, **dict.fromkeys(horizon_arguments, horizon), **given, **momentum)
        rates = []
        for _ in range(horizon):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if len(rates) < horizon:
                scheduler.step()
        return rates

    def multiplier(step: float, horizon: float, **values: Any) -> float:
        for key, value in values.items():
            if value in (None, []) and arguments[key].default is inspect.Parameter.empty:
                raise BadInput(f"'{name}' needs '{key}', which has no default: write {name}:{key}=VALUE")
        fixed = tuple((key, tuple(value) if isinstance(value, list) else value) for key, value in values.items())
        return table(max(math.ceil(horizon), 1), fixed)[int(step)]

    summary = (inspect.getdoc(kind) or name).strip().splitlines()[0]
    deviation = "tabulated at whole steps"
    return Schedule(name, multiplier, summary, anytime=not horizon_arguments, defaults=defaults, deviation=deviation)


def _defaults(arguments: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """Return {hyperparameter: default}; None for an argument that has to be set. The largest rate is the peak, which is 1."""
    defaults: dict[str, Any] = {}
    for key, item in arguments.items():
        if key == "max_lr":
            defaults[key] = 1.0
        elif item.default is item.empty:
            defaults[key] = [] if key == "milestones" else None
        elif item.default is None or isinstance(item.default, int | float | str):
            defaults[key] = item.default
    return defaults


def check_draws(name: str, schedule: Schedule, values: Mapping[str, Any]) -> None:
    """Check that a library's schedule returns multipliers with the values that the user set.

    Raises:
        BadInput: it does not.
    """
    try:
        run = schedule.start(horizon=SHORT, hyperparameters=values)
        for step in range(SHORT):
            checked_multiplier(schedule, run.multiplier(step), step)
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(f"'{name}' gives no learning rates ({said(error)}): set other values, or {SCHEDULE}") from error

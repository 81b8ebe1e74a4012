"""The multiple of a submission's learning rates: one number beside its own hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from harness.contracts.errors import ContractError
from harness.rules import RATE_MULTIPLE


def checked_multiple(value: Any) -> float:
    """Return the multiple as a number.

    Raises:
        ContractError: it is not positive, or not a number.
    """
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ContractError(f"{RATE_MULTIPLE} must be a positive number, not {value!r}")
    return float(value)


@contextmanager
def multiplied_rates(multiple: float) -> Iterator[None]:
    """While the body runs, every optimizer of torch takes its steps with `multiple` times its learning rates.

    The rates are as the submission's points, code and schedule have them, before and after each step: a scheduler sees no
    difference. Groups that two optimizers share, such as those of an optimizer that calls another one, are multiplied once.
    """
    if multiple == 1.0:
        yield
        return
    changed: dict[int, tuple[dict[str, Any], Any]] = {}
    steps = 0  # torch calls the hooks around `super().step()` too, and an optimizer may call another one

    def before(optimizer: Optimizer, *_: Any) -> None:
        nonlocal steps
        steps += 1
        for group in optimizer.param_groups:
            if id(group) not in changed:
                changed[id(group)] = group, group["lr"]
                group["lr"] = group["lr"] * multiple

    def restore() -> None:
        for group, rate in changed.values():
            group["lr"] = rate
        changed.clear()

    def after(*_: Any) -> None:
        nonlocal steps
        steps -= 1
        if not steps:
            restore()

    hooks = register_optimizer_step_pre_hook(before), register_optimizer_step_post_hook(after)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        restore()

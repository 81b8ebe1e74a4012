"""What a trial has been charged and which of its steps have ended: the harness's own count, behind `TrialTask`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from harness.contracts.errors import ContractError

IDLE_STEPS = 100
"""A trial fails whose training algorithm is charged nothing for more than this many steps in a row."""


class Meter:
    """Counts charged examples and ended steps, and watches that losses and weights stay finite.

    Charges are counted in thirds of an example, so that the count is exact: a loss call with gradients enabled costs 3
    thirds per example, without gradients 1, each further backward pass 2.

    The counts are kept where no attribute leads to them, so that nothing but a charge and the end of a step changes them.

    Attributes:
        device: where the trial trains.
        loss: what the last call of `Task.loss` returned, detached; None before the first call.
    """

    __slots__ = (
        *("_all_finite", "_charged", "_ended", "_idle_steps", "_on_cpu", "_read", "_shown", "_thirds_before"),
        *("device", "loss"),
    )

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._charged, self._ended, self._shown, self._read = _count(), _count(), _count(), _count()
        self.loss: Tensor | None = None
        self._thirds_before = self._idle_steps = 0
        self._on_cpu = device.type == "cpu"
        self._all_finite = torch.ones((), dtype=torch.bool, device=device)

    @property
    def thirds(self) -> int:
        """Thirds of an example charged so far."""
        return self._charged(0)

    @property
    def steps(self) -> int:
        """Steps that have ended."""
        return self._ended(0)

    @property
    def examples(self) -> float:
        """Charged examples so far."""
        return self._charged(0) / 3

    def charge(self, examples: int, thirds: int = 3) -> None:
        """Charge `examples` examples at `thirds` thirds each.

        Raises:
            ContractError: the charge is negative.
        """
        self._charged(examples * thirds)

    def show(self, examples: int) -> None:
        """Note that outputs of `examples` examples, which are charged, were given out: one loss of each is paid for."""
        self._shown(examples)

    def charge_read(self, examples: int) -> None:
        """Charge a third per example for losses of outputs, as far as they are not the first of outputs that were given out."""
        paid = min(examples, self._shown(0) - self._read(0))
        self._read(paid)
        self.charge(examples - paid, 1)

    def end_step(self) -> bool:
        """Count a step; return whether its loss is finite. On an accelerator, `finite` finds out later.

        Raises:
            ContractError: nothing has been charged for more than `IDLE_STEPS` steps.
        """
        self._ended(1)
        thirds = self._charged(0)
        if thirds == self._thirds_before:
            self._idle_steps += 1
            if self._idle_steps > IDLE_STEPS:
                raise ContractError(f"update() has charged nothing in {IDLE_STEPS} steps: call self.task.loss(batch)")
        else:
            self._idle_steps, self._thirds_before = 0, thirds
        if self.loss is None:
            return True
        if self._on_cpu:
            return math.isfinite(self.loss.item())
        self._all_finite &= torch.isfinite(self.loss)  # read at evaluations only: a read here would stall the device
        return True

    def finite(self, weights: Iterable[Tensor]) -> bool:
        """Return whether all losses at the ends of steps, and all weights, are finite."""
        with torch._C.DisableTorchFunctionSubclass():
            return bool(self._all_finite.item()) and all(bool(torch.isfinite(p).all()) for p in weights)


def _count() -> Callable[[int], int]:
    """Return a function that adds its argument to a count, which starts at 0, and returns the count."""
    count = 0

    def add(more: int) -> int:
        nonlocal count
        if more < 0:
            raise ContractError("a charge cannot be negative")
        count += more
        return count

    return add

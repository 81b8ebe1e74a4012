"""What a trial has been charged and which of its steps have ended: the harness's own count, behind `TrialTask`."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from harness.contracts.errors import ContractError

IDLE_STEPS = 100
"""A trial fails whose training algorithm is charged nothing for more than this many steps in a row."""


class Meter:
    """Counts charged examples and ended steps, and watches that losses and weights stay finite.

    Charges are counted in thirds of an example, so that the count is exact: a loss call with gradients enabled costs 3
    thirds per example, without gradients 1, each further backward pass 2.

    Attributes:
        device: where the trial trains.
        thirds: thirds of an example charged so far.
        steps: steps that have ended.
        loss: what the last call of `Task.loss` returned, detached; None before the first call.
    """

    __slots__ = ("_all_finite", "_idle_steps", "_on_cpu", "_thirds_before", "device", "loss", "steps", "thirds")

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.thirds = self.steps = 0
        self.loss: Tensor | None = None
        self._thirds_before = self._idle_steps = 0
        self._on_cpu = device.type == "cpu"
        self._all_finite = torch.ones((), dtype=torch.bool, device=device)

    @property
    def examples(self) -> float:
        """Charged examples so far."""
        return self.thirds / 3

    def charge(self, examples: int, thirds: int = 3) -> None:
        """Charge `examples` examples at `thirds` thirds each."""
        self.thirds += examples * thirds

    def end_step(self) -> bool:
        """Count a step; return whether its loss is finite. On an accelerator, `finite` finds out later.

        Raises:
            ContractError: nothing has been charged for more than `IDLE_STEPS` steps.
        """
        self.steps += 1
        if self.thirds == self._thirds_before:
            self._idle_steps += 1
            if self._idle_steps > IDLE_STEPS:
                raise ContractError(f"update() has charged nothing in {IDLE_STEPS} steps: call self.task.loss(batch)")
        else:
            self._idle_steps, self._thirds_before = 0, self.thirds
        if self.loss is None:
            return True
        if self._on_cpu:
            return math.isfinite(self.loss.item())
        self._all_finite &= torch.isfinite(self.loss)  # read at evaluations only: a read here would stall the device
        return True

    def finite(self, model: nn.Module) -> bool:
        """Return whether all losses at the ends of steps, and all parameters of `model`, are finite."""
        return bool(self._all_finite.item()) and all(bool(torch.isfinite(p).all()) for p in model.parameters())

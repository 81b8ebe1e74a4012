"""Whether what is computed with models is charged: counted FLOPs against the price of what was charged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from harness.checking.checks.bench import Bench, Training
from harness.checking.checks.outcome import Outcome, failed, left_out, ok
from harness.trial.judging import autocast_of
from harness.trial.meter import Meter

STEPS, SECONDS = 20, 1.0
"""So many steps, or as many as take so many CPU seconds."""

MOST = 1.1
"""Counted FLOPs may be so many times what was charged."""


class PricedMeter(Meter):
    """A meter that also notes what each charge was for.

    Attributes:
        charges: {thirds of an example: examples charged at it}.
    """

    __slots__ = ("charges",)

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self.charges: dict[int, int] = {}

    def charge(self, examples: int, thirds: int = 3) -> None:
        """Charge as every meter does, and note it."""
        super().charge(examples, thirds)
        self.charges[thirds] = self.charges.get(thirds, 0) + examples


class ModelFlops(TorchDispatchMode):
    """Counts the FLOPs of matrix products and convolutions inside of modules and of backward passes.

    An optimizer's own products are not counted: no pass through a model, they are on the clock `seconds` only.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0
        self.inside = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        counted = flop_registry.get(function._overloadpacket)
        if counted is not None and (self.inside or torch._C._current_graph_task_id() != -1):
            self.flops += int(counted(*args, **(kwargs or {}), out_val=result))
        return result


@contextmanager
def model_flops() -> Iterator[ModelFlops]:
    """Count the FLOPs of models while the body runs."""
    mode = ModelFlops()

    def enters(_module: nn.Module, _inputs: Any) -> None:
        mode.inside += 1

    def leaves(_module: nn.Module, _inputs: Any, _output: Any) -> None:
        mode.inside -= 1

    before = nn.modules.module.register_module_forward_pre_hook(enters)
    after = nn.modules.module.register_module_forward_hook(leaves, always_call=True)
    try:
        with mode:
            yield mode
    finally:
        before.remove()
        after.remove()


def check_flops(bench: Bench) -> Outcome:
    """Count the FLOPs of some steps, and compare them with the price of what was charged for them."""
    forward, gradient = prices(bench)
    if not forward:
        return left_out("this model has no products that are counted")
    steps = bench.affordable(STEPS, SECONDS)
    training = Training(bench, meter=PricedMeter)
    training.steps(1)  # what an optimizer or torch sets up in its first step is no pass of every step
    meter = training.meter
    assert isinstance(meter, PricedMeter)
    meter.charges.clear()
    with model_flops() as counted:
        training.steps(steps)
    if not meter.charges:
        return left_out("nothing was charged in these steps")
    paid = sum(examples * _price(thirds, forward, gradient) for thirds, examples in meter.charges.items())
    ratio = counted.flops / paid
    found = f"{ratio:.2f} times the FLOPs that were charged are counted in models"
    if ratio > MOST:
        return failed(
            found,
            "compute losses by self.task.loss, outputs or stacked_losses only, which charge them; a pass of"
            " your own through the model, or through a copy of it, is not charged",
        )
    return ok(found)


def prices(bench: Bench) -> tuple[float, float]:
    """Return the FLOPs per example of a forward pass, and of one with its backward pass, of the workload's model."""
    workload = bench.workload
    size = workload.size.batch_size
    model = workload.build_model().train()
    examples = {name: values[:size] for name, values in bench.data["train"].items()}
    with model_flops() as counted, autocast_of(workload, torch.device("cpu"))():
        loss = workload.example_losses(workload.forward(model, examples), examples).mean()
        forward = counted.flops
        loss.backward()
    return forward / size, counted.flops / size


def _price(thirds: int, forward: float, gradient: float) -> float:
    """Return the FLOPs that a charge of so many thirds per example pays for.

    A first layer needs no gradient of its inputs, so that a gradient costs less than three forward passes.
    """
    known = {1: forward, 2: gradient - forward, 3: gradient}
    return known.get(thirds, thirds * forward)

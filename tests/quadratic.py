"""A noisy quadratic as a workload: its loss, gradients and Hessian are known exactly."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch

from harness import DataFacts, Hyperparameters, Reference, Size, Workload
from harness.records import TrialSpec
from harness.registry import find_submission
from harness.trial.meter import Meter
from harness.trial.setup import full_hyperparameters
from harness.trial.task import TrialTask
from tests.toy import spec


class Quadratic(Workload):
    """Mean of (w - x)' D (w - x) / 2 over examples x, D diagonal: the Hessian is D, an example's gradient D (w - x)."""

    name = "quadratic"
    metric = "loss"
    data = DataFacts(source="generated", licence="none", citation="none", family="quadratic")
    sizes = {
        "smoke": Size(
            batch_size=4,
            budget=4 * 400,
            evaluation_period=4 * 20,
            target=0.0,
            reference=Reference(learning_rate=0.1, warmup=0.0),
        )
    }

    def load(self, directory):
        model = self.size.model
        noise = torch.randn(600, len(model["curvatures"]), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        noise = model.get("noise", 0.0) * (noise - noise[:400].mean(0))
        return {"train": {"x": noise[:400]}, "validation": {"x": noise[400:500]}, "test": {"x": noise[500:]}}

    def build_model(self):
        class Point(torch.nn.Module):
            def __init__(self, start):
                super().__init__()
                self.w = torch.nn.Parameter(start)

            def forward(self, x):
                return self.w - x

        return Point(torch.ones(len(self.size.model["curvatures"]), dtype=torch.float64))

    def forward(self, model, examples):
        return model(examples["x"])

    def example_losses(self, outputs, examples):
        return 0.5 * (outputs**2 @ torch.tensor(self.size.model["curvatures"], dtype=torch.float64))


def quadratic(curvatures: list[float], noise: float = 0.0) -> Quadratic:
    """Return the workload with these curvatures and this standard deviation of the examples."""
    workload = Quadratic("smoke")
    workload.size = replace(workload.size, model={"curvatures": curvatures, "noise": noise})
    return workload


def quadratic_spec(name: str, *, steps: int = 400, warmup: int = 0, **hyperparameters: Any) -> TrialSpec:
    """Return the spec of one trial of a procedure or schedule on the quadratic."""
    plugin = find_submission(name).procedure
    defaults = dict(plugin.defaults) if plugin else {}
    track = "self-tuning" if plugin else "schedule"
    return spec(
        submission=name,
        workload="quadratic",
        track=track,
        hyperparameters={**defaults, **hyperparameters},
        budget=4 * steps,
        horizon=4 * steps,
        warmup=4 * warmup,
        evaluation_period=80,
        target=-1.0,
    )


def start(name: str, workload: Workload, what: TrialSpec) -> Any:
    """Return the procedure `name` at its first step."""
    torch.manual_seed(0)
    task = TrialTask(what, workload, workload.build_model().train(), workload.load(None)["train"], Meter(torch.device("cpu")))
    filled, _ = full_hyperparameters(what, find_submission(name), workload)
    return find_submission(name).procedure(task, Hyperparameters(filled))


def advance(algorithm: Any, steps: int = 1) -> None:
    """Take steps as the training loop does; every loss must be finite at the end of its step."""
    for _ in range(steps):
        algorithm.update(algorithm.select())
        assert algorithm.task._meter.end_step()


def resume(straight: Any, resumed: Any) -> None:
    """Bring a new procedure to the state of another one, through `state_dict`."""
    resumed.task.model.load_state_dict(copy.deepcopy(straight.task.model.state_dict()))
    resumed.load_state_dict(copy.deepcopy(straight.state_dict()))
    resumed.task._meter.charge(straight.task._meter.thirds - resumed.task._meter.thirds, 1)
    stream = copy.deepcopy(straight.task._stream)
    stream._order = stream._order.clone()  # torch counts a deep copy as a change in place
    vars(resumed.task)["_stream"] = stream

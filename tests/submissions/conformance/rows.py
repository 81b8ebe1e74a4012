"""One row of the board on the small net, step by step as in a trial, and its reference."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from harness import Hyperparameters
from harness.registry import find_submission
from harness.trial.loop import train_until
from harness.trial.meter import Meter
from harness.trial.outcome import Trace
from harness.trial.setup import full_hyperparameters, start_algorithm
from harness.trial.task import TrialTask
from tests.submissions.conformance import references
from tests.submissions.conformance.net import BATCH, Mixture, Net, batch_indices
from tests.toy import spec

NAMES = tuple(item.name for item in pkgutil.iter_modules(references.__path__) if not item.name.startswith("_"))

STEPS, TOLERANCE = 10, 1e-9
"""Steps of a comparison, and the largest relative difference of a parameter's change, where a reference sets no others."""


class Row:
    """A submission that trains the small net.

    Args:
        name: what a user types; an optimizer without a schedule keeps its rate constant.
        steps: the horizon.
        set_values: hyperparameters other than the declared defaults.
        channels_last: the memory format of the net.
    """

    def __init__(
        self, name: str, steps: int, set_values: Mapping[str, Any] | None = None, *, channels_last: bool = False
    ) -> None:
        self.net = Net(channels_last=channels_last)
        workload = Mixture("smoke")
        submission = find_submission(name, calibrated=False)
        known = {**submission.defaults, **(set_values or {})}
        what = spec(
            submission=name,
            workload="mixture",
            track="self-tuning",
            reference_recipe=False,
            hyperparameters=dict(set_values or {}),
            given=dict(submission.given),
            budget=BATCH * steps,
            horizon=BATCH * steps,
            warmup=0,
            evaluation_period=BATCH * steps,
            target=-1.0,
        )
        assert set(known) == set(submission.defaults), f"{set(known) - set(submission.defaults)} are unknown to {name}"
        self.meter = Meter(torch.device("cpu"))
        self.task = TrialTask(what, workload, self.net.module().train(), workload.load(None)["train"], self.meter)
        torch.manual_seed(0)
        self.hyperparameters, _ = full_hyperparameters(what, submission, workload)
        self.algorithm: Any = start_algorithm(submission, self.task, what, workload)
        self.algorithm.select = self._select
        self.steps = 0
        self.rates: list[float] = []

    def _select(self) -> Any:
        return self.task.fetch(batch_indices(self.steps))

    def train(self, steps: int) -> dict[str, Tensor]:
        """Take steps; return the weights, contiguous."""
        for _ in range(steps):
            train_until(self.task.examples + 1, self.meter, self.algorithm, None, Trace(1e9, []))
            self.steps += 1
            self.rates.append(self.algorithm.learning_rate() or 0.0)
        return self.weights()

    def weights(self) -> dict[str, Tensor]:
        """Return the weights that are trained, contiguous copies."""
        named = self.task.model.named_parameters()
        return {name: p.detach().clone(memory_format=torch.contiguous_format) for name, p in named}

    @property
    def optimizer(self) -> torch.optim.Optimizer | None:
        """The optimizer of a recipe, or the one that a procedure calls `_optimizer`; None if it has none."""
        return getattr(self.algorithm, "_optimizer", None)


def reference_of(name: str) -> ModuleType:
    """Return the module of a row's reference."""
    return importlib.import_module(f"{references.__name__}.{name}")


def reference_weights(name: str, row: Row, rates: Sequence[float]) -> dict[str, Tensor]:
    """Return the weights that the reference of a row comes to from the initial ones."""
    trained: dict[str, Tensor] = reference_of(name).reference(row.net, Hyperparameters(row.hyperparameters), list(rates))
    return trained


def distance(got: Mapping[str, Tensor], expected: Mapping[str, Tensor], start: Mapping[str, Tensor]) -> float:
    """Return the largest relative difference of a parameter's change since `start`."""
    return max(
        float((got[name] - expected[name]).norm() / (expected[name] - start[name]).norm().clamp_min(1e-300)) for name in start
    )

"""Lets libraries' optimizers take two steps on each model of a plan, before a worker starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.cli.running.forked import check_apart
from harness.contracts.optimizers import Optimizer
from harness.contracts.workloads import Workload
from harness.plan import Plan
from harness.records import TrialSpec
from harness.registry import Submission
from harness.registry.libraries import is_library_name
from harness.registry.libraries.table import RECIPE

EXAMPLES = 8
"""Examples in a batch of these steps."""

LARGEST = 10**7
"""Parameters of the largest model that is tried here: building one of more takes seconds, and its trials say the same."""

NOT_ITS_FAULT = ("MemoryError", "fork-based multiprocessing")
"""What steps in a small forked process raise, and those of a trial may not."""


@dataclass(frozen=True)
class FirstSteps:
    """The first steps of a library's optimizer on one workload.

    Attributes:
        spec: of one of its trials there; the rates that it draws are not used.
        submission: of the trial.
        recipe: its optimizer.
        workload: of the trial.
        data_directory: where prepared data lie.
    """

    spec: TrialSpec
    submission: Submission
    recipe: Optimizer
    workload: Workload
    data_directory: Path

    def problem(self) -> str:
        """Return what two steps raised, in one line that names a way; "" if nothing, or nothing that counts here."""
        import torch

        from harness.trial.process.failures import OUT_OF_MEMORY_TEXTS

        torch.set_num_threads(1)  # a forked process must not wait for its parent's threads
        batch = self._batch()
        raised = self._raised(batch) if batch is not None else ""
        if not raised or any(text in raised for text in (*NOT_ITS_FAULT, *OUT_OF_MEMORY_TEXTS)):
            return ""
        label = self.workload.label
        return f"'{self.spec.submission}' does not train workload '{label}' ({raised}): name others with -w, or {RECIPE}"

    def _batch(self) -> Mapping[str, Any] | None:
        """Return a few training examples, or None where the data is not there or the model is large."""
        import torch

        try:
            with torch.device("meta"):
                large = sum(p.numel() for p in self.workload.build_model().parameters()) > LARGEST
            return (
                None
                if large
                else {key: part[:EXAMPLES] for key, part in self.workload.load(self.data_directory)["train"].items()}
            )
        except Exception:  # noqa: BLE001  a workload may raise anything; its trials say what
            return None

    def _raised(self, batch: Mapping[str, Any]) -> str:
        import torch

        from harness.registry.tried import first_steps
        from harness.trial.judging import autocast_of
        from harness.trial.setup import full_hyperparameters

        values, _ = full_hyperparameters(replace(self.spec, hyperparameters={}), self.submission, self.workload)
        autocast = autocast_of(self.workload, torch.device("cpu"))

        def loss(model: Any) -> Any:
            with autocast():
                return self.workload.example_losses(self.workload.forward(model, batch), batch).mean()

        return first_steps(self.recipe, values, lambda: self.workload.build_model().train(), loss)


def check_first_steps(plan: Plan, data_directory: Path) -> None:
    """Check that each library's optimizer of a plan takes two steps on each model of the plan, at its default rate.

    What is not judged is left to its trials: a workload whose data is not there or whose model is larger than `LARGEST`, and
    steps that take long or much memory.

    Raises:
        BadInput: one does not.
    """
    first = {(spec.submission, spec.workload_label): spec for spec in reversed(plan.trials)}
    found = []
    for (name, label), spec in sorted(first.items()):
        recipe = plan.submissions[name].optimizer
        if recipe is not None and is_library_name(recipe.name):
            found.append(FirstSteps(spec, plan.submissions[name], recipe, plan.workloads[label], data_directory))
    check_apart(found)

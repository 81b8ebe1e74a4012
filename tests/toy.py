"""A tiny workload for tests: a two-layer network with BatchNorm and dropout on Gaussian blobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness import DataFacts, Reference, Size, TrainingAlgorithm, Workload, schedule
from harness.records import TrialRecord, TrialSpec
from harness.registry import Submission
from harness.trial.loop import TrialSettings, run_trial


class Blobs(Workload):
    """Three Gaussian blobs in eight dimensions."""

    name = "blobs"
    metric = "cross_entropy"
    data = DataFacts(source="generated", licence="none", citation="none", family="blobs")
    sizes = {
        "smoke": Size(
            batch_size=16,
            budget=16 * 60,
            evaluation_period=16 * 5,
            target=0.2,
            reference=Reference(learning_rate=0.01, warmup=0.1),
            validation_examples=128,
        )
    }
    variants = {"wide": {"model": {"width": 32}}}

    def load(self, directory):
        import torch

        generator = torch.Generator().manual_seed(1)
        centres = torch.randn(3, 8, generator=generator) * 1.5
        labels = torch.randint(3, (600,), generator=generator)
        inputs = centres[labels] + torch.randn(600, 8, generator=generator)
        parts = {"train": slice(0, 400), "validation": slice(400, 528), "test": slice(528, 600)}
        return {name: {"inputs": inputs[part], "labels": labels[part]} for name, part in parts.items()}

    def build_model(self):
        from torch import nn

        width = self.size.model.get("width", 16)
        return nn.Sequential(nn.Linear(8, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, 3))

    def forward(self, model, examples):
        return model(examples["inputs"])

    def example_losses(self, outputs, examples):
        from torch.nn import functional as F

        return F.cross_entropy(outputs, examples["labels"], reduction="none")

    def example_correct(self, outputs, examples):
        return outputs.argmax(-1) == examples["labels"]


def spec(**changes: Any) -> TrialSpec:
    """Return the spec of one trial of a schedule on the blobs."""
    size = Blobs("smoke").size
    base = TrialSpec(
        track="schedule",
        suite="smoke",
        workload="blobs",
        variant="",
        size="smoke",
        workload_hash="w",
        submission="linear_down",
        submission_hash="s",
        study=0,
        trial=0,
        seed=11,
        hyperparameters={"learning_rate": 0.01},
        budget=size.budget,
        horizon=size.budget,
        warmup=96,
        evaluation_period=size.evaluation_period,
        target=size.target,
        reference_recipe=True,
    )
    return replace(base, **changes)


@schedule
def linear_down(step, horizon):
    """Linear decay."""
    return 1 - step / horizon


def submission(plugin: Any) -> Submission:
    """Return a plug-in as the registry returns it."""
    kind = plugin.kind
    return Submission(
        name=plugin.name,
        kind=kind,
        schedule=plugin if kind == "schedule" else None,
        optimizer=None,
        procedure=plugin if kind == "procedure" else None,
        path=None,
        files=(),
        content_hash="s",
        libraries={},
        facts={"name": plugin.name},
    )


def run_record(what: TrialSpec, workload: Workload, plugin: Submission, data: Any, **settings: Any) -> TrialRecord:
    """Run a trial and return its record; `settings` are those of `TrialSettings`."""
    return run_trial(what, workload, plugin, data, TrialSettings(**settings)).record


class Plain(TrainingAlgorithm):
    """Gradient descent, which tests build on."""

    defaults = {"learning_rate": 0.05}

    def update(self, batch):
        self.task.model.zero_grad()
        self.task.loss(batch).backward()
        self._descend()

    def _descend(self):
        for p in self.task.model.parameters():
            p.data.add_(p.grad, alpha=-self.hyperparameters.learning_rate)

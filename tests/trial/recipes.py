"""Recipes that tests write, and what becomes of a trial with one."""

from __future__ import annotations

from dataclasses import replace

import torch

from harness import optimizer
from tests.toy import Blobs, linear_down, run_record, spec, submission

DATA = Blobs("smoke").load(None)


def recipe(function):
    return optimizer(defaults={"learning_rate": 0.01})(function)


def race(plugin, shape=linear_down, **hyperparameters):
    both = replace(submission(shape), name="x", kind="optimizer", optimizer=plugin)
    what = spec(reference_recipe=False, target=0.0, hyperparameters={"learning_rate": 0.01, **hyperparameters})
    return run_record(what, Blobs("smoke"), both, DATA)


def outcome(record):
    return [e["metric"] for e in record.evaluations], record.learning_rates


def returning(make):
    @recipe
    def odd(model, hyperparameters):
        """Returns what `make` makes."""
        return make(model, hyperparameters.learning_rate)

    return odd


@recipe
def plain(model, hyperparameters):
    """Gradient descent with momentum."""
    return torch.optim.SGD(model.parameters(), lr=hyperparameters.learning_rate, momentum=0.9)

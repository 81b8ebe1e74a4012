"""The ids of a fixed plan: a change of the tree that changes no trial must leave them as they are."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from harness.plan import Request, make_plan

SCHEDULES = (
    Request(suite="laptop", studies=2, track="schedule"),
    Request(suite="laptop", studies=1, track="budget", submissions=("rex", "cosine")),
    Request(suite="smoke", studies=1, track="schedule", held_out=True),
)

SCHEDULES_DIGEST = "4618e37e542acc53bf70723524ed47295297a64b382a1177c1a3d13ff2f3cd5c"

OTHERS = (
    Request(suite="smoke", studies=2, track="self-tuning", submissions=("sam:defaults=paper", "adamw:defaults=paper+rex")),
    Request(
        suite="laptop", studies=1, track="external", submissions=("adamw:defaults=paper+rex", "torch.optim.Adagrad+cosine")
    ),
)
"""Optimizers and procedures at their declared defaults, which no calibration changes."""

OTHERS_DIGEST = "96d775331aad4acfab2073b7cddede1d6d219861bcbc6c8a7774e56e4f061050"


def digest(requests: tuple[Request, ...]) -> str:
    """Return the SHA-256 of all ids in order. Library versions are left out: they differ between machines."""
    ids = [replace(spec, libraries={}).id for request in requests for spec in make_plan(request).trials]
    return hashlib.sha256("".join(ids).encode()).hexdigest()


def test_the_ids_of_a_fixed_plan_of_schedules_are_what_they_were() -> None:
    assert digest(SCHEDULES) == SCHEDULES_DIGEST


def test_the_ids_of_a_fixed_plan_of_optimizers_and_procedures_are_what_they_were() -> None:
    assert digest(OTHERS) == OTHERS_DIGEST

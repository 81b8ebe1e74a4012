"""The ids of a fixed plan: a change of the tree that changes no trial must leave them as they are."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from harness.plan import Request, make_plan

PLANS = (
    Request(suite="laptop", studies=2, track="schedule"),
    Request(suite="smoke", studies=2, track="self-tuning", submissions=("sam", "autolrs", "adamw+rex")),
    Request(suite="laptop", studies=1, track="budget", submissions=("rex", "cosine")),
    Request(suite="laptop", studies=1, track="external", submissions=("adamw+rex", "torch.optim.Adagrad+cosine")),
    Request(suite="smoke", studies=1, track="schedule", held_out=True),
)

DIGEST = "e2a09912de9e489376323a7e5f050a9f84f25fdb1345893168dcda4123661fd7"
"""SHA-256 of all ids in order. Library versions are left out: they differ between machines."""


def test_the_ids_of_a_fixed_plan_are_what_they_were() -> None:
    ids = [replace(spec, libraries={}).id for request in PLANS for spec in make_plan(request).trials]
    assert hashlib.sha256("".join(ids).encode()).hexdigest() == DIGEST

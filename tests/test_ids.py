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

SCHEDULES_DIGEST = "bb8e88ac17dd006b5b5458efdf63dab17b64d157ff35c681762e72ef891c5026"

OTHERS = (
    Request(suite="smoke", studies=2, track="self-tuning", submissions=("sam:defaults=paper", "adamw:defaults=paper+rex")),
    Request(
        suite="laptop", studies=1, track="external", submissions=("adamw:defaults=paper+rex", "torch.optim.Adagrad+cosine")
    ),
)
"""Optimizers and procedures at their declared defaults, which no calibration changes."""

OTHERS_DIGEST = "37ec4fa7d743fd29581257f2c3a89aeea3d50b4fb22aeeeaef7b681cc916181f"


def digest(requests: tuple[Request, ...]) -> str:
    """Return the SHA-256 of all ids in order. Library versions are left out: they differ between machines."""
    ids = [replace(spec, libraries={}).id for request in requests for spec in make_plan(request).trials]
    return hashlib.sha256("".join(ids).encode()).hexdigest()


def test_the_ids_of_a_fixed_plan_of_schedules_are_what_they_were() -> None:
    assert digest(SCHEDULES) == SCHEDULES_DIGEST


def test_the_ids_of_a_fixed_plan_of_optimizers_and_procedures_are_what_they_were() -> None:
    assert digest(OTHERS) == OTHERS_DIGEST

"""Rulesets, budgets, clocks and horizons: data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Track:
    """One ruleset.

    Attributes:
        name: what users type after ``--track``.
        accepts: kinds of submission that it takes.
        clock: the clock that decides it and that pruning uses.
        studies: studies a cell, by default.
        trials: trials a study, by default; None means all points of the grid.
        budget: multiple of the workload's budget.
        summary: one line for people.
    """

    name: str
    accepts: tuple[str, ...]
    clock: str
    studies: int
    trials: int | None
    budget: float
    summary: str


TRACKS = {
    track.name: track
    for track in (
        Track(
            "schedule",
            ("schedule",),
            "examples",
            3,
            None,
            1.0,
            "fixed reference optimizer; each schedule tunes peak learning rate and horizon",
        ),
        Track(
            "external",
            ("optimizer", "procedure"),
            "seconds",
            3,
            5,
            1.0,
            "trials drawn from the submission's own workload-agnostic search space (AlgoPerf)",
        ),
        Track(
            "self-tuning",
            ("optimizer", "procedure"),
            "seconds",
            3,
            1,
            1.5,
            "one trial a study with the submission's defaults, 1.5 times the budget (AlgoPerf)",
        ),
    )
}

SUITES = ("smoke", "laptop", "full")
DEFAULT_SUITE = "laptop"

FIRST_SCHEDULES = (
    "constant",
    "cosine",
    "exponential",
    "inverse_sqrt",
    "linear",
    "onecycle",
    "polynomial",
    "rex",
    "step",
    "wsd",
)
"""What races when no submission is named."""

BASELINE = "cosine"

RATE_POINTS = 3
RATE_STEP = 3.0
"""The peak-rate lattice: multiples 1/3, 1, 3 of the reference rate before the study's shift."""

HORIZON_POINTS = 2
SHORTEST_HORIZON = 0.5
"""The horizon lattice: points in [1/2, 1] of the budget before the study's shift."""

HALTON_DIMENSIONS = 32
"""Draws use the first d of this many dimensions, so that a further hyperparameter moves no other."""

BATCHNORM_EXAMPLES = 1024
"""Training examples of the free refresh of BatchNorm statistics before an evaluation."""

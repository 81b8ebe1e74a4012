"""Rulesets, budgets, clocks and horizons: data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
        reference: the optimizer is the workload's reference recipe, and all trials of a study share their seed.
        targeted: there is a target to reach.
        complete: what it measures needs complete trials: nothing is pruned, no trial stops at its target.
        board: its trials make a board.
        whole: the weights at the end are also judged on the whole validation set and on the test set, never charged.
    """

    name: str
    accepts: tuple[str, ...]
    clock: str
    studies: int
    trials: int | None
    budget: float
    summary: str
    reference: bool = False
    targeted: bool = True
    complete: bool = False
    board: bool = True
    whole: bool = False


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
            reference=True,
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
        Track(
            "budget",
            ("schedule",),
            "examples",
            3,
            None,
            1.0,
            "no target: the quality reached at 10, 25, 50 and 100 % of the budget, each run with that as its horizon",
            reference=True,
            targeted=False,
            complete=True,
        ),
    )
}

SENSITIVITY = Track(
    "sensitivity",
    ("schedule",),
    "examples",
    3,
    None,
    1.0,
    "the schedule track at seven peak rates, half a decade apart, horizon the whole budget",
    reference=True,
    complete=True,
)
"""What ``--sensitivity`` runs: a ruleset of its own, so that its trials never enter the schedule track's board."""

TARGET_SEARCH = Track(
    "target-search",
    ("optimizer",),
    "examples",
    1,
    None,
    1.0,
    "the target protocol's trials: no target, the whole budget, hyperparameters drawn or given",
    targeted=False,
    complete=True,
    board=False,
)
TARGET_SEEDS = replace(TARGET_SEARCH, name="target-seeds", whole=True)
"""What `timetrial targets` runs: the search, and the seeds that fix and verify a target."""

RULESETS = {track.name: track for track in (*TRACKS.values(), SENSITIVITY, TARGET_SEARCH, TARGET_SEEDS)}
"""Every ruleset that a record may come from."""

BUDGET_SHARES = (0.10, 0.25, 0.50, 1.00)
"""Shares of the budget at which the budget track looks; each is the horizon of runs of its own."""

HALF_DECADES = tuple(10 ** (k / 2) for k in range(-3, 4))
"""Multiples of the reference rate that ``--sensitivity`` runs: 10^-1.5 to 10^1.5."""

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

OVERSHOOT = 0.1
"""Share of a trial's length by which its last step may overshoot the end and still be judged."""

BATCHNORM_EXAMPLES = 1024
"""Training examples of the free refresh of BatchNorm statistics before an evaluation."""

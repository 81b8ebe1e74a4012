"""Rulesets, suites and the constants of the protocol: data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

BUDGET_SHARES = (0.10, 0.25, 0.50, 1.00)
"""Shares of the budget at which the `budget` track reads quality; each is the horizon of trials of its own."""

HALF_DECADES = tuple(10 ** (k / 2) for k in range(-3, 4))
"""Multiples of the reference rate that ``--sensitivity`` runs: 10^-1.5 to 10^1.5."""

SHORTEST_HORIZON = 0.5
"""Shortest horizon that a study draws, as a share of the budget."""


@dataclass(frozen=True)
class ShiftedRates:
    """Peak learning rates at equal ratios, all shifted by one random amount per study and workload.

    The rates are the multiples ``step ** (u - points / 2 + i)`` of the reference rate, i = 0 .. `points` - 1, u uniform in
    [0, 1) and shared by all submissions (Cranley and Patterson 1976).

    Attributes:
        points: number of rates.
        step: ratio of neighbouring rates.
        order: indices i in the order in which trials are numbered and which ``--trials`` cuts short; empty means from
            the rate nearest to the reference rate outwards.
        trials: how many run without ``--trials``; None means all.
    """

    points: int
    step: float
    order: tuple[int, ...] = ()
    trials: int | None = None


@dataclass(frozen=True)
class FixedRates:
    """The same multiples of the reference rate in every study, from the one nearest to it outwards.

    Attributes:
        multiples: of the reference rate.
        trials: how many run without ``--trials``; None means all.
    """

    multiples: tuple[float, ...]
    trials: int | None = None


@dataclass(frozen=True)
class SpaceDraws:
    """Quasi-random draws from the submission's own search space, the same for submissions with the same space.

    A submission without a search space runs its defaults the same number of times, with a different seed in every trial.

    Attributes:
        trials: draws per study without ``--trials``.
        shortest_horizon: of OPTIMIZER+SCHEDULE, the horizon is drawn too, from [`shortest_horizon`, 1]; with 1 it is not
            drawn. Anytime schedules have horizon 1.
        warmups: of an optimizer, with or without a schedule, the warm-up is drawn from these shares of the budget; if empty, it
            is the reference's.
    """

    trials: int
    shortest_horizon: float = 1.0
    warmups: tuple[float, ...] = ()


@dataclass(frozen=True)
class DefaultPoint:
    """One trial per study with the submission's defaults."""


Lattice = ShiftedRates | FixedRates | SpaceDraws | DefaultPoint
"""Which hyperparameters the trials of a study have."""


@dataclass(frozen=True)
class ShiftedHorizons:
    """Equidistant horizons, all shifted by one random amount per study and workload; anytime schedules have horizon 1.

    ``--trials`` counts pairs of rate and horizon.

    Attributes:
        points: number of horizons.
        shortest: the least of them before the shift, as a share of the budget.
    """

    points: int
    shortest: float


class Reading(StrEnum):
    """What a board reads from the trials of a track."""

    TIME_TO_TARGET = "time to target"
    QUALITY = "quality at shares of the budget"
    RATE_SENSITIVITY = "sensitivity to the peak learning rate"


class OwnBoard(StrEnum):
    """Whether the trials of a track make a board of their own."""

    ALWAYS = "always"
    FALLBACK = "only while the track beside which they are shown has no board"
    NEVER = "never"


@dataclass(frozen=True)
class Track:
    """One ruleset. Its fields say everything about it; no code outside this module compares names of tracks.

    Attributes:
        name: what users type after ``--track``, and what records carry.
        points: {kind of submission that the track takes: which hyperparameters the trials of a study have}. Empty if
            another part of the harness makes the trials.
        clock: the clock that decides a race and that pruning uses.
        summary: one line for users.
        studies: studies per submission and workload, by default.
        budget: multiple of the workload's budget.
        horizons: shares of the budget; every point of the lattice runs at every horizon.
        horizon_by_horizon: trials are numbered horizon by horizon, not point by point.
        warmup_of_horizon: the warm-up is the reference's share of the trial's own horizon, not of the budget.
        shared_seeds: all trials of a study have the same seed, so the same initial weights and data order.
        targeted: trials have the workload's target; they end as reached or missed, else as finished.
        run_to_end: every trial runs to the end of its horizon; none is pruned or stops at its target.
        reads: what a board reads from its trials.
        own_board: whether its trials make a board of their own.
        beside: name of the track on whose board its trials are shown as well; empty for none.
        full_evaluation: the weights at the end are also evaluated on the whole validation set and on the test set, never
            charged.
        option: the command-line option that selects it, if that is not ``--track NAME``.
        algoperf: AlgoPerf's name for its ruleset, where there is one.
    """

    name: str
    points: Mapping[str, Lattice]
    clock: str
    summary: str
    studies: int = 3
    budget: float = 1.0
    horizons: tuple[float, ...] | ShiftedHorizons = (1.0,)
    horizon_by_horizon: bool = False
    warmup_of_horizon: bool = False
    shared_seeds: bool = False
    targeted: bool = True
    run_to_end: bool = False
    reads: tuple[Reading, ...] = (Reading.TIME_TO_TARGET,)
    own_board: OwnBoard = OwnBoard.ALWAYS
    beside: str = ""
    full_evaluation: bool = False
    option: str = ""
    algoperf: str = ""

    @property
    def accepts(self) -> tuple[str, ...]:
        """Kinds of submission that the track takes."""
        return tuple(self.points)

    @property
    def options(self) -> tuple[str, ...]:
        """Command-line words that select it."""
        return (self.option,) if self.option else ("--track", self.name)

    @property
    def title(self) -> str:
        """Its name in messages."""
        return self.option or f"the {self.name} track"


_SHIFTED_RATES = ShiftedRates(points=3, step=3.0)

TRACKS = {
    track.name: track
    for track in (
        Track(
            name="schedule",
            points={"schedule": _SHIFTED_RATES},
            clock="examples",
            summary="fixed reference optimizer; each schedule tunes peak learning rate and horizon",
            horizons=ShiftedHorizons(points=2, shortest=SHORTEST_HORIZON),
            shared_seeds=True,
        ),
        Track(
            name="external",
            points=dict.fromkeys(("optimizer", "procedure"), SpaceDraws(5, SHORTEST_HORIZON, warmups=(0.02, 0.05, 0.1))),
            clock="seconds",
            summary="trials drawn from the submission's own workload-agnostic search space (AlgoPerf)",
            algoperf="external_tuning",
        ),
        Track(
            name="self-tuning",
            points=dict.fromkeys(("optimizer", "procedure"), DefaultPoint()),
            clock="seconds",
            summary="one trial per study with the submission's defaults, 1.5 times the budget (AlgoPerf)",
            budget=1.5,
            algoperf="self_tuning",
        ),
        Track(
            name="budget",
            points={"schedule": _SHIFTED_RATES},
            clock="examples",
            summary="no target: the quality reached at 10, 25, 50 and 100 % of the budget, each trial with that as its horizon",
            horizons=BUDGET_SHARES,
            horizon_by_horizon=True,
            warmup_of_horizon=True,
            shared_seeds=True,
            targeted=False,
            run_to_end=True,
            reads=(Reading.QUALITY,),
            beside="schedule",
        ),
    )
}
"""Rulesets that ``--track`` takes, by name."""

SENSITIVITY = Track(
    name="sensitivity",
    points={"schedule": FixedRates(HALF_DECADES)},
    clock="examples",
    summary="the schedule track at seven peak rates, half a decade apart, horizon the whole budget",
    shared_seeds=True,
    run_to_end=True,
    reads=(Reading.RATE_SENSITIVITY,),
    own_board=OwnBoard.FALLBACK,
    beside="schedule",
    option="--sensitivity",
)
"""What ``--sensitivity`` runs. It is a ruleset of its own, so that its trials are not scored with the schedule track's."""

TARGET_SEARCH = Track(
    name="target-search",
    points={},
    clock="examples",
    summary="the target protocol's trials: no target, the whole budget, hyperparameters drawn or given",
    studies=1,
    targeted=False,
    run_to_end=True,
    reads=(),
    own_board=OwnBoard.NEVER,
)
TARGET_SEEDS = replace(TARGET_SEARCH, name="target-seeds", full_evaluation=True)
"""What `timetrial targets` runs: the search, and the seeds that fix and verify a target."""

RULER = replace(
    TARGET_SEARCH, name="ruler", summary="the reference recipe under cosine at 1/32 to 3 budgets: what a quality is worth"
)
"""What `timetrial targets` runs to measure a workload's ruler."""

RULESETS = {track.name: track for track in (*TRACKS.values(), SENSITIVITY, TARGET_SEARCH, TARGET_SEEDS, RULER)}
"""Every ruleset that a record may come from, by name."""

DEFAULT_TRACKS = (TRACKS["schedule"], TRACKS["external"])
"""If a user names no track: the first of these that takes all submissions, else the last one."""


def ruleset(name: str) -> Track:
    """Return the ruleset of recorded trials by its name; an unknown one has the clock `examples`."""
    return RULESETS.get(name) or Track(name, {}, "examples", "a ruleset that this version does not know")


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
"""Submissions of a run whose user names none."""

BASELINE = "cosine"

HALTON_DIMENSIONS = 32
"""Dimensions of quasi-random draws; d hyperparameters use the first d, so adding one does not change the others' values."""

OVERSHOOT = 0.1
"""Share of a trial's horizon by which its last step may overshoot the end and still be evaluated."""

BATCHNORM_EXAMPLES = 1024
"""Training examples that refresh BatchNorm statistics before an evaluation; they are not charged."""

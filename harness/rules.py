"""Rulesets, suites and the constants of the protocol: data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

BUDGET_SHARES = (0.125, 0.25, 0.5, 1.0)
"""Shares of the budget at which the `budget` track reads quality; each is the horizon of trials of its own."""

HALF_DECADES = tuple(10 ** (k / 2) for k in range(-3, 4))
"""Multiples of the reference rate that ``--sensitivity`` runs: 10^-1.5 to 10^1.5."""


BASELINE, OPTIMIZER_BASELINE = "cosine", "adamw+cosine"
"""What the speed-ups of schedules, and of optimizers and procedures, refer to."""


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

    Hyperparameters that the user sets (``NAME:key=value``) are not drawn.

    Attributes:
        trials: draws per study without ``--trials``.
        repeat_defaults: a submission without a search space runs its defaults that many times, with a different seed in every
            trial; else once.
    """

    trials: int
    repeat_defaults: bool = True


@dataclass(frozen=True)
class DefaultPoint:
    """One trial per study with the submission's defaults."""


Lattice = ShiftedRates | FixedRates | SpaceDraws | DefaultPoint
"""Which hyperparameters the trials of a study have."""


class Reading(StrEnum):
    """What a board reads from the trials of a track."""

    COMPUTE_SAVED = "compute saved, from the quality at the end of each horizon"
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
        horizons: shares of the budget, ascending; every point of the lattice runs at every horizon. The warm-up is the
            reference's share of the trial's own horizon.
        shared_seeds: all trials of a study have the same seed, so the same initial weights and data order.
        targeted: trials have the workload's target; they end as reached or missed, else as finished.
        run_to_end: its trials cannot be pruned (``--prune``): every one runs to the end of its horizon.
        reads: what a board reads from its trials.
        own_board: whether its trials make a board of their own.
        beside: name of the track on whose board its trials are shown as well; empty for none.
        full_evaluation: the weights at the end are also evaluated on the whole validation set and on the test set, never
            charged.
        option: the command-line option that selects it, if that is not ``--track NAME``.
        algoperf: AlgoPerf's name for its ruleset, where there is one.
        baselines: what speed-ups refer to: the first of these that ran.
    """

    name: str
    points: Mapping[str, Lattice] = field(hash=False)
    clock: str
    summary: str
    studies: int = 3
    budget: float = 1.0
    horizons: tuple[float, ...] = (1.0,)
    shared_seeds: bool = False
    targeted: bool = True
    run_to_end: bool = False
    reads: tuple[Reading, ...] = (Reading.COMPUTE_SAVED, Reading.TIME_TO_TARGET)
    own_board: OwnBoard = OwnBoard.ALWAYS
    beside: str = ""
    full_evaluation: bool = False
    option: str = ""
    algoperf: str = ""
    baselines: tuple[str, ...] = (BASELINE,)

    @property
    def accepts(self) -> tuple[str, ...]:
        """Kinds of submission that the track takes."""
        return tuple(self.points)

    @property
    def horizons_in_budgets(self) -> tuple[float, ...]:
        """Its horizons as multiples of the workload's budget, in which rulers are measured."""
        return tuple(share * self.budget for share in self.horizons)

    @property
    def options(self) -> tuple[str, ...]:
        """Command-line words that select it."""
        return (self.option,) if self.option else ("--track", self.name)

    @property
    def title(self) -> str:
        """Its name in messages."""
        return self.option or f"the {self.name} track"


_SHIFTED_RATES = ShiftedRates(points=3, step=3.0, order=(1, 0, 2), trials=2)
"""The lower two of three rates hold 94 % of the winners at two thirds of the cost; ``--trials 3`` adds the highest."""

TRACKS = {
    track.name: track
    for track in (
        Track(
            name="schedule",
            points={"schedule": _SHIFTED_RATES},
            clock="examples",
            summary="fixed reference optimizer; each schedule tunes the peak learning rate, at half and at the whole budget",
            horizons=(0.5, 1.0),
            shared_seeds=True,
        ),
        Track(
            name="external",
            points=dict.fromkeys(("optimizer", "procedure"), SpaceDraws(5)),
            clock="seconds",
            summary="trials drawn from the submission's own workload-agnostic search space (AlgoPerf)",
            algoperf="external_tuning",
            baselines=(OPTIMIZER_BASELINE,),
        ),
        Track(
            name="self-tuning",
            points=dict.fromkeys(("optimizer", "procedure"), DefaultPoint()),
            clock="seconds",
            summary="one trial per study with the submission's defaults, 1.5 times the budget (AlgoPerf)",
            budget=1.5,
            algoperf="self_tuning",
            baselines=(OPTIMIZER_BASELINE,),
        ),
        Track(
            name="budget",
            points={
                "schedule": _SHIFTED_RATES,
                **dict.fromkeys(("optimizer", "procedure"), SpaceDraws(5, repeat_defaults=False)),
            },
            clock="examples",
            summary="no target: the quality at 1/8, 1/4, 1/2 and all of the budget, each trial with that as its horizon",
            horizons=BUDGET_SHARES,
            shared_seeds=True,
            targeted=False,
            run_to_end=True,
            reads=(Reading.COMPUTE_SAVED, Reading.QUALITY),
            baselines=(BASELINE, OPTIMIZER_BASELINE),
            beside="schedule",
        ),
    )
}
"""Rulesets that ``--track`` takes, by name."""

OPTIMIZER_TRACK = TRACKS["self-tuning"]
"""Whose reference board the documentation of the optimizers quotes."""

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

CALIBRATION = replace(
    TARGET_SEARCH,
    name="calibration",
    summary="optimizers and procedures on held-out variants, at points of their own bounds: which defaults and space suit them",
    studies=2,
)
"""What `timetrial calibrate` runs."""

RULESETS = {track.name: track for track in (*TRACKS.values(), SENSITIVITY, TARGET_SEARCH, TARGET_SEEDS, RULER, CALIBRATION)}
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

HALTON_DIMENSIONS = 32
"""Dimensions of quasi-random draws; d hyperparameters use the first d, so adding one does not change the others' values."""

RATE_MULTIPLE = "rate_multiple"
"""Hyperparameter of submissions that own their learning rates: the factor of all of them, which ``--rate-multiples`` sets."""

OVERSHOOT = 0.1
"""Share of a trial's horizon by which its last step may overshoot the end and still be evaluated."""

BATCHNORM_EXAMPLES = 1024
"""Training examples that refresh BatchNorm statistics before an evaluation; they are not charged."""

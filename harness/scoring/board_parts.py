"""What a board is made of: plain numbers, ready to print. An infinite time means missed, None means not available."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.rules import Reading


@dataclass(frozen=True)
class Cell:
    """One submission on one workload.

    Attributes:
        submission: its name.
        workload: label of the workload or held-out variant.
        time: median time to target over studies, on the board's clock; inf if missed.
        low, high: range or interval of the study times, None with fewer than two studies.
        level: what `low` and `high` are, in words: "range of 3 studies", "95 % interval".
        reached: studies in which the target was reached.
        studies: studies that count.
        missing: studies of this workload that do not count until they are rerun: killed, not yet run, or pruned by a trial
            whose record is gone; later ones than any that the submission ran are none of them.
        study_times: time of each study, in the order of `study_ids`.
        study_ids: which studies.
        contribution: its profile integral, in [0, 1], of which the score is the mean; 0 for a held-out variant.
        bound: "≤" where pruned trials might have been faster on this clock, else "".
        note: why the cell counts as missed despite its time, in words; else "".
        cut: studies without a hit in which ``--prune score-only`` cut a trial, so that they may not be misses.
        failure: what an infinite median is called instead of "missed": the status that most of its trials have, if it is a
            failure or divergence; else "".
        study_failures: the same of each study without a hit, in the order of `study_ids`; "" where it reached or missed.
    """

    submission: str
    workload: str
    time: float
    low: float | None
    high: float | None
    level: str
    reached: int
    studies: int
    missing: int
    study_times: tuple[float, ...]
    study_ids: tuple[int, ...]
    contribution: float = 0.0
    bound: str = ""
    note: str = ""
    cut: int = 0
    failure: str = ""
    study_failures: tuple[str, ...] = ()

    @property
    def failures(self) -> dict[str, int]:
        """Number of studies that failed or diverged, by status, the most frequent first."""
        return dict(Counter(filter(None, self.study_failures)).most_common())

    @property
    def missed(self) -> int:
        """Number of studies that missed: they neither reached the target, nor failed, nor were cut."""
        return self.studies - self.reached - self.cut - sum(self.failures.values())

    @property
    def slowest(self) -> str:
        """What an infinite end of its range is called: "missed", or the most frequent failure if no study missed."""
        return "missed" if self.missed else next(iter(self.failures), "missed")

    @property
    def unknown(self) -> bool:
        """Whether the median is unknown: it looks like a miss, but cut studies would decide it."""
        return math.isinf(self.time) and self.cut > 0 and self.studies - self.reached - self.cut <= self.studies // 2


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval; None where there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class RowSpeedUp:
    """The speed-up of a row over the board's baseline.

    Attributes:
        value, low, high: the speed-up and its 95 % interval.
        bound: "≤" (it is at most that), "≥" (at least) or "~" (either); "" where exact. See `SpeedUp.mark`, `Contrast.bound`.
        limited: k of nW: in how many of the `studies` a limit of the ruler, or a miss, takes part.
        studies: nW, common studies of all workloads.
        over: number of workloads that it is over.
        horizons: horizon in budgets -> speed-up there; empty where times to the target are read.
        workloads: label -> speed-up there.
        like_these: 95 % interval as if the workloads had been drawn at random.
        ruler_error: standard error of its logarithm from the rulers' own seeds, which the interval leaves out.
        borrowed: workloads on which the cost per example is another submission's, because no own trial ran to its end.
        floor: of times to the target: what a submission that never reaches one would have.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound: str = ""
    limited: int = 0
    studies: int = 0
    over: int = 0
    horizons: Mapping[float, Ratio] = field(default_factory=dict)
    workloads: Mapping[str, WorkloadRatio] = field(default_factory=dict)
    like_these: tuple[float, float] | None = None
    ruler_error: float | None = None
    borrowed: tuple[str, ...] = ()
    floor: float | None = None


@dataclass(frozen=True)
class Row:
    """One submission on the board.

    Attributes:
        name: the submission.
        rank, rank_low, rank_high: place by what the board ranks by, which equal values share; a 95 % range for each row, not
            for all at once. A row that ran on fewer workloads is compared on those, and may have any rank.
        score, score_low, score_high: AlgoPerf's profile integral and its 95 % interval; None where it did not run on every
            workload of the board.
        score_rank: place by score.
        approximate: its interval is approximate, since in some cell some studies reached the target and others missed it.
        note: what a reader must know beside this row, in words.
        speed_up: its speed-up over the baseline; `speedup`, `speedup_low`, `speedup_high` and `speedup_bound` are its parts.
        not_run: workloads of the board on which it has no study.
        targets_reached: base workloads whose median study reached the target.
        race_cost: clock that all its trials take in a perfectly pruned race.
        trials: number of trials.
        reach_share: share of its trials that reach the target; None where trials were pruned.
        cells: by workload label, held-out variants included.
        population_low, population_high: interval of the score as if the workloads had been drawn at random.
    """

    name: str
    rank: int
    rank_low: int
    rank_high: int
    score: float | None
    score_low: float | None
    score_high: float | None
    score_rank: int
    approximate: bool
    note: str
    speed_up: RowSpeedUp
    targets_reached: int
    race_cost: float
    trials: int
    reach_share: float | None
    cells: Mapping[str, Cell]
    population_low: float | None = None
    population_high: float | None = None
    not_run: tuple[str, ...] = ()

    @property
    def speedup(self) -> float | None:
        """Geometric-mean speed-up over the baseline."""
        return self.speed_up.value

    @property
    def speedup_low(self) -> float | None:
        """Lower end of its 95 % interval."""
        return self.speed_up.low

    @property
    def speedup_high(self) -> float | None:
        """Upper end of its 95 % interval."""
        return self.speed_up.high

    @property
    def speedup_bound(self) -> str:
        """Whether it is at most ("≤"), at least ("≥") or either ("~") its value."""
        return self.speed_up.bound


@dataclass(frozen=True)
class WorkloadRatio:
    """Two submissions on one workload, without a test.

    Attributes:
        ratio: speed-up of the first one over the other (geometric mean over studies), None without common studies.
        wins, losses, ties: numbers of studies in which the first one is better, worse, equal.
        bound: as `Pair.bound`.
    """

    ratio: float | None
    wins: int = 0
    losses: int = 0
    ties: int = 0
    bound: str = ""

    def flipped(self) -> WorkloadRatio:
        """Return the same seen from the other side."""
        return WorkloadRatio(_inverse(self.ratio), self.losses, self.wins, self.ties, OPPOSITE.get(self.bound, self.bound))


@dataclass(frozen=True)
class Pair:
    """Two submissions over all workloads.

    Attributes:
        a, b: their names.
        ratio, low, high: speed-up of `a` over `b`, with a 95 % interval.
        bound: "" where exact; "≤", "≥" or "~" where limits of the ruler, or misses, take part: as `RowSpeedUp.bound`.
        p: p-value of the two-sided t test, unadjusted; None with too few studies, and where nothing varies.
        p_holm: the same, Holm-adjusted over all pairs of the board; equal to `p` in a comparison of two.
        separable: `p_holm` <= .05, and `differing` is at least 4 (all, where fewer workloads are compared), and, by compute
            saved on 5 workloads or more, `p_without_one` <= .01.
        faster, faster_low, faster_high: share of studies in which `a` is better, a tie counted half; Wilson interval.
        workloads: the two on every workload.
        limited, studies: as `RowSpeedUp`.
        differing: number of workloads on which some study differs; by times, on which either reached its target.
        p_without_one: the largest p-value with any one workload left out; None where it is not known.
        rests_on: the workload that is left out for it, where only that keeps the two from being separable; else "".
        floor, ceiling: of times to the target: the ratio if `a`, or `b`, had never reached one; else None.
    """

    a: str
    b: str
    ratio: float | None
    low: float | None
    high: float | None
    bound: str
    p: float | None
    p_holm: float | None
    separable: bool
    faster: float | None
    faster_low: float | None
    faster_high: float | None
    workloads: Mapping[str, WorkloadRatio]
    limited: int = 0
    studies: int = 0
    differing: int = 0
    p_without_one: float | None = None
    rests_on: str = ""
    floor: float | None = None
    ceiling: float | None = None

    def flipped(self) -> Pair:
        """Return the same pair seen from the other side."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            ratio=_inverse(self.ratio),
            low=_inverse(self.high),
            high=_inverse(self.low),
            bound=OPPOSITE.get(self.bound, self.bound),
            faster=_complement(self.faster),
            faster_low=_complement(self.faster_high),
            faster_high=_complement(self.faster_low),
            workloads={label: here.flipped() for label, here in self.workloads.items()},
            floor=_inverse(self.ceiling),
            ceiling=_inverse(self.floor),
        )


OPPOSITE = {"≤": "≥", "≥": "≤"}
"""The bound of the inverse of a ratio; others stay."""


def _inverse(value: float | None) -> float | None:
    return 1 / value if value else None


def _complement(share: float | None) -> float | None:
    return None if share is None else 1 - share


@dataclass(frozen=True)
class Profile:
    """Performance profile of one submission: share of workloads on which it needs at most `tau` times the fastest time.

    Attributes:
        name: the submission.
        taus: ascending, from 1 to 4; `values[i]` holds from `taus[i]` up to the next one.
        values: that share, an exact step function.
        band_low, band_high: pointwise 95 % band, empty with too few studies.
    """

    name: str
    taus: tuple[float, ...]
    values: tuple[float, ...]
    band_low: tuple[float, ...]
    band_high: tuple[float, ...]


@dataclass(frozen=True)
class Board:
    """A scored leaderboard.

    Attributes:
        track, clock, suite: what was scored.
        baseline: submission that speed-ups refer to, "" where it did not run.
        workloads: base workloads, sorted.
        held_out: held-out variants that take part, sorted.
        ranked_by: "speedup" or "score".
        reading: what speed-ups and pairs are read from: the value of `Reading.COMPUTE_SAVED` or `Reading.TIME_TO_TARGET`.
        rows: by rank, ties by name.
        pairs: all pairs, names sorted.
        profiles: one per row with a score, in the same order.
        trials: number of trials by status, as recorded; of times to the target, as in a perfectly pruned race.
        adjacent_separable: share of neighbouring rows that are separable, None with one row.
        verdict: one sentence.
        notes: what a reader must know, in plain sentences.
        leave_out: {"submission" | "workload" | "family": {what is left out: {submission: score}}}.
        easier: {workload label: {submission: score if that target were 1 % easier}}; empty without evaluation curves.
        families: workload to data family.
        studies: most studies of any cell.
        legacy: AlgoPerf's rules that were asked for, of "tie-rule", "grid" and "speedup".
        pruned_by: what may have stopped trials beside the safe rules ("score-only") -> what that means.
        not_run: workloads of the suite that no submission of the board ran.
        ruler_error: the largest standard error of a speed-up from the rulers' own seeds, as a share; None without a ruler.
    """

    track: str
    clock: str
    suite: str
    baseline: str
    ranked_by: str
    reading: str
    workloads: tuple[str, ...]
    held_out: tuple[str, ...]
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    profiles: tuple[Profile, ...]
    trials: Mapping[str, int]
    adjacent_separable: float | None
    verdict: str
    notes: tuple[str, ...]
    leave_out: Mapping[str, Mapping[str, Mapping[str, float]]]
    easier: Mapping[str, Mapping[str, float]]
    families: Mapping[str, str]
    studies: int
    legacy: tuple[str, ...] = ()
    pruned_by: Mapping[str, str] = field(default_factory=dict)
    not_run: tuple[str, ...] = ()
    ruler_error: float | None = None

    @property
    def scores(self) -> dict[str, float]:
        """Score of every row that has one."""
        return {row.name: row.score for row in self.rows if row.score is not None}

    @property
    def saves_compute(self) -> bool:
        """Whether speed-ups and pairs are read off rulers, not from times to the target."""
        return self.reading == Reading.COMPUTE_SAVED

"""All pairs of a board by compute saved: ratio, Holm's test, how often one is the better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.scoring.compute_saved.endings import Ints
from harness.scoring.compute_saved.gains import Gains
from harness.scoring.compute_saved.limits import study_pairs
from harness.scoring.compute_saved.speedup import Comparison, SpeedUp, compared, overall, speed_up_rows
from harness.scoring.intervals import holm, wilson
from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools

LEVEL = 0.05
SAME = 1e-12
"""Gains no further apart than this are equal."""
LEAST_WORKLOADS = 4
"""Two submissions are separable only if they differ on so many workloads, or on all where fewer are compared."""
WITHOUT_ONE = 0.01
"""Two submissions are separable only if p is at most this with any one workload left out."""
LEAST_TO_LEAVE_ONE = 5
"""With fewer workloads one is not left out: too few would remain."""


@dataclass(frozen=True)
class SpeedUpPair:
    """One submission against another.

    Attributes:
        speed_up: of `a` over `b`.
        differing: on how many of the workloads that take part they differ at all.
        p: two-sided p-value of a ratio of 1, None where there is no test.
        p_holm: adjusted over all pairs that were compared.
        p_without_one: the largest p with any one workload left out, 1 where the ratio then turns round; None without a test.
        decisive: the workload that is left out for it; "" without a test.
        better: share of studies in which `a` gains more, ties one half; None without common studies.
        better_interval: Wilson's, None with it.
        wins: workload -> (studies in which `a` gains more, in which `b` does, ties).
    """

    speed_up: SpeedUp
    differing: int
    p: float | None
    p_holm: float | None
    p_without_one: float | None
    decisive: str
    better: float | None
    better_interval: tuple[float, float] | None
    wins: dict[str, tuple[int, int, int]]

    @property
    def testable(self) -> bool:
        """Whether the two differ on enough workloads to be separable."""
        return self.differing >= min(LEAST_WORKLOADS, self.speed_up.width)

    @property
    def significant(self) -> bool:
        """Whether the adjusted p is at most 5 %, and they differ on enough workloads."""
        return self.p_holm is not None and self.p_holm <= LEVEL and self.testable

    @property
    def rests_on(self) -> str:
        """The workload on which a significant difference rests, so that the two are not separable; else ""."""
        alone = self.speed_up.width >= LEAST_TO_LEAVE_ONE and (self.p_without_one or 0.0) > WITHOUT_ONE
        return self.decisive if self.significant and alone else ""

    @property
    def separable(self) -> bool:
        """Whether the difference is significant, and does not rest on one workload."""
        return self.significant and not self.rests_on

    @property
    def a(self) -> str:
        """The submission whose speed-up it is."""
        return self.speed_up.submission

    @property
    def b(self) -> str:
        """The one that it is compared with."""
        return self.speed_up.baseline


def all_pairs(found: Gains) -> tuple[SpeedUpPair, ...]:
    """Return every pair of the board, adjusted over all of them (Holm 1979)."""
    return speed_up_pairs(found, list(combinations(range(len(found.submissions)), 2)))


def speed_up_pairs(found: Gains, pairs: Sequence[tuple[int, int]]) -> tuple[SpeedUpPair, ...]:
    """Return these pairs of submissions (indices), adjusted over all of them; a single one is unadjusted."""
    if not pairs:
        return ()
    this, other = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    comparison = compared(found, this, other)
    p_values, without_one = (
        [None if np.isnan(p) else float(p) for p in values]
        for values in (comparison.overall.p_values(), comparison.overall.p_without_one())
    )
    decisive = comparison.overall.p_without_each().argmax(axis=-1)
    adjusted = holm(p_values)
    differing = differing_workloads(comparison)
    counts = _wins(comparison)
    rows = []
    for i, speed_up in enumerate(speed_up_rows(found, comparison)):
        q, wins = adjusted[i], counts[i]
        better, interval = _frequency(wins, comparison.overall.counts[i].tolist())
        rows.append(
            SpeedUpPair(
                speed_up=speed_up,
                differing=int(differing[i]),
                p=p_values[i],
                p_holm=q,
                p_without_one=without_one[i],
                decisive="" if without_one[i] is None else found.workloads[decisive[i]],
                better=better,
                better_interval=interval,
                wins=dict(zip(found.workloads, wins, strict=True)),
            )
        )
    return tuple(rows)


def differing_workloads(comparison: Comparison) -> Ints:
    """Return on how many of the workloads that take part some study differs by more than rounding, [P]."""
    first, second, there = _set_against(comparison)
    differ = (np.abs(first - second) > SAME) & there
    return np.asarray((differ.any(axis=-1) & comparison.overall.used).sum(axis=-1))


def _set_against(comparison: Comparison) -> tuple[Floats, Floats, Bools]:
    """Return the gains of the two sides, study by study, and which pairs there are, [P, workloads, studies]."""
    f, g = overall(comparison.own), overall(comparison.theirs)
    mine, yours, there = study_pairs(f, g, comparison.paired)
    return np.take_along_axis(f, mine, axis=-1), np.take_along_axis(g, yours, axis=-1), there


def _wins(comparison: Comparison) -> list[list[tuple[int, int, int]]]:
    """Wins, losses and ties per pair and workload: within studies, or of all studies with all where they are not paired."""
    first, second, there = _set_against(comparison)
    difference = np.where(there, first - second, 0.0)
    counts = [(difference > SAME).sum(axis=-1), (difference < -SAME).sum(axis=-1)]
    counts.append(there.sum(axis=-1) - counts[0] - counts[1])
    if not comparison.paired.all():
        f, g = overall(comparison.own), overall(comparison.theirs)
        crossed = f[..., :, None] - g[..., None, :]
        apart = ~comparison.paired
        every = [(crossed > SAME), (crossed < -SAME), (np.abs(crossed) <= SAME)]
        counts = [np.where(apart, e.sum(axis=(-1, -2)), c) for e, c in zip(every, counts, strict=True)]
    return [[(w, lo, t) for w, lo, t in pair] for pair in np.stack(counts, axis=-1).tolist()]


def _frequency(wins: list[tuple[int, int, int]], studies: list[int]) -> tuple[float | None, tuple[float, float] | None]:
    """Return the share and its interval; every workload weighs as many studies as it has, also where all met all."""
    if not sum(studies):
        return None, None
    shares = [(2 * won + tied) / (2 * (won + lost + tied)) * n for (won, lost, tied), n in zip(wins, studies, strict=True) if n]
    share = math.fsum(shares) / sum(studies)
    return share, wilson(share, sum(studies))

"""Time-to-target speed-ups: how much faster one submission is than another, whoever else entered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.scoring.compute_saved.limits import MARKS
from harness.scoring.compute_saved.pairs import LEAST_WORKLOADS
from harness.scoring.intervals import Estimate
from harness.scoring.log_times import LogTimes
from harness.scoring.medians import Floats
from harness.scoring.time_differences import differences


@dataclass(frozen=True)
class Contrast:
    """How much faster one submission is than another.

    Attributes:
        estimate: mean over workloads of the mean over studies of log(time of other / time of this). Its error is NaN with
            too few studies, and where nothing varies.
        bound: "≤" where only this one missed in some study, "≥" where only the other did, "~" where both did in different
            studies; "" where the estimate is exact.
        by_workload: log ratio, [workloads]; NaN without common studies.
        bounds: bound of each workload.
        paired: whether the studies of each workload are paired; they are not across machine types, or without common seeds.
        smallest: fewest common studies of any workload that takes part, 0 without any.
        decided: whether at least one of the two reached a target in some study.
        missed, studies: in how many of the common studies (nW) at least one of the two missed.
        floor, ceiling: the ratio if this one, or the other one, had never reached; None without common studies.
        reached, width: on how many workloads at least one of the two reached, of how many that take part.
        p_without_one: the largest p-value with any one workload left out, 1 where the ratio then turns; None without a test.
    """

    estimate: Estimate
    bound: str
    by_workload: Floats
    bounds: tuple[str, ...]
    paired: tuple[bool, ...]
    smallest: int
    decided: bool
    missed: int
    studies: int
    floor: float | None
    ceiling: float | None
    reached: int
    width: int
    p_without_one: float | None

    @property
    def testable(self) -> bool:
        """Whether at least one of the two reached on at least 4 workloads, or on all where fewer take part."""
        return self.reached >= min(LEAST_WORKLOADS, self.width)


def contrast(times: LogTimes, this: int, other: int) -> Contrast:
    """Return how much faster submission `this` is than `other` (indices of submissions)."""
    return contrasts_of(times, [(this, other)])[0]


def contrasts_of(times: LogTimes, pairs: Sequence[tuple[int, int]]) -> list[Contrast]:
    """Return how much faster the first of each pair of submissions (indices) is than the second."""
    if not pairs:
        return []
    found = differences(times, *(np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True)))
    decided = np.asarray((~times.missed & ~np.isnan(times.values)).any(axis=(1, 2)))
    without_one = found.overall.p_without_one().tolist()
    result = []
    for p, (this, other) in enumerate(pairs):
        used = found.overall.used[p]
        counts, known = found.overall.counts[p][used], bool(used.any())
        result.append(
            Contrast(
                estimate=found.overall.estimate(p),
                bound=MARKS[int(np.bitwise_or.reduce(found.codes[p][used], initial=0))],
                by_workload=found.overall.means[p],
                bounds=tuple(MARKS[code] for code in found.codes[p].tolist()),
                paired=tuple(found.paired[p].tolist()),
                smallest=int(counts.min()) if known else 0,
                decided=bool(decided[this] or decided[other]),
                missed=int(found.misses[p][used].sum()),
                studies=int(counts.sum()),
                floor=math.exp(found.floors[p]) if known else None,
                ceiling=math.exp(found.ceilings[p]) if known else None,
                reached=int(found.reached[p][used].sum()),
                width=int(used.sum()),
                p_without_one=None if math.isnan(without_one[p]) else without_one[p],
            )
        )
    return result

"""Until separable: looks at 3, 5, 7, 10, 15 and 20 studies, the error split equally between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.scoring.canonical import checked
from harness.scoring.compare import pool_of_two
from harness.scoring.intervals import detectable
from harness.scoring.speed import contrast, log_times

LOOKS = (3, 5, 7, 10, 15, 20)
LOOK_LEVEL = 0.05 / len(LOOKS)
POWER = 0.80


@dataclass(frozen=True)
class Look:
    """What a look at two submissions says.

    Attributes:
        studies: how many studies of every workload both have.
        look: the number of studies it was decided at, the largest of `LOOKS` not above `studies`; 0 before the first.
        ratio, low, high: how many times faster `a` is, interval of level 1 - .05/6.
        p: two-sided, unadjusted; compared with .05/6.
        separable: p <= .05/6 at this look or at an earlier one (then everything is as of that one).
        next_look: studies to run up to, None if separable or after the last look.
        detectable: smallest ratio that this many studies would find with 80 % power; None before the first look.
    """

    a: str
    b: str
    studies: int
    look: int
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    separable: bool
    next_look: int | None
    detectable: float | None


def look(trials: pd.DataFrame, a: str, b: str, *, clock: str = "examples") -> Look:
    """Return where the comparison of `a` and `b` stands: stop, or run up to `next_look` studies.

    Args:
        trials: what `harness.load_results` returns; the extra studies of the pair must not go on a board.
        a, b: names of submissions.
        clock: "examples", "seconds" or "steps".

    Raises:
        BadInput: as `compare`.
    """
    pool = pool_of_two(checked(trials), a, b, clock)
    first, second = (pool.submissions.index(name) for name in (a, b))
    common = {w: ~np.isnan(times[first]) & ~np.isnan(times[second]) for w, times in pool.times.items()}
    studies = min((int(common[w].sum()) for w in pool.workloads), default=0)
    seen = Look(a, b, studies, 0, None, None, None, None, False, LOOKS[0], None)
    for count in (n for n in LOOKS if n <= studies):
        # Each look sees the first studies only, as it did when it was taken.
        shown = {w: there & (np.cumsum(there) <= count) for w, there in common.items()}
        cut = replace(pool, times={w: np.where(shown[w], times, np.nan) for w, times in pool.times.items()})
        estimate = contrast(log_times(cut), first, second).estimate
        interval, p = estimate.interval(1 - LOOK_LEVEL), estimate.p
        separable = p is not None and p <= LOOK_LEVEL
        later = [n for n in LOOKS if n > count]
        smallest = detectable(estimate.error, estimate.freedom, LOOK_LEVEL, POWER)
        seen = Look(
            a=a,
            b=b,
            studies=studies,
            look=count,
            ratio=math.exp(estimate.value),
            low=math.exp(interval[0]) if interval else None,
            high=math.exp(interval[1]) if interval else None,
            p=p,
            separable=separable,
            next_look=later[0] if later and not separable else None,
            detectable=math.exp(smallest) if math.isfinite(smallest) else None,
        )
        if separable:
            break
    return seen


def look_sentence(seen: Look) -> str:
    """Return the look in words: the verdict, or how many studies to run, or what could have been found."""
    if seen.separable and seen.ratio is not None and seen.low is not None and seen.high is not None:
        fast, slow, ratio = (seen.a, seen.b, seen.ratio) if seen.ratio >= 1 else (seen.b, seen.a, 1 / seen.ratio)
        low, high = (seen.low, seen.high) if seen.ratio >= 1 else (1 / seen.high, 1 / seen.low)
        return f"{fast} is {ratio:.2f} times as fast as {slow} [{low:.2f}, {high:.2f}], separable at {seen.look} studies."
    if seen.next_look is not None:
        return f"{seen.a} and {seen.b} are not separable at {seen.studies} studies: run up to {seen.next_look}."
    found = f": a ratio of {seen.detectable:.2f} would have been found with 80 % power" if seen.detectable else ""
    return f"{seen.a} and {seen.b} are not separable at {seen.look} studies{found}."

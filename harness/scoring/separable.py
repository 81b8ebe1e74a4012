"""Sequential comparison of two submissions: looks at 3, 5, 7, 10, 15 and 20 studies that share the error equally."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.scoring.compare import study_times_of_two
from harness.scoring.intervals import detectable
from harness.scoring.log_times import log_times
from harness.scoring.speed import contrast
from harness.scoring.trial_table import checked

LOOKS = (3, 5, 7, 10, 15, 20)
LOOK_LEVEL = 0.05 / len(LOOKS)
POWER = 0.80


@dataclass(frozen=True)
class Look:
    """The state of a sequential comparison.

    Attributes:
        a, b: the two submissions.
        studies: how many common studies of every workload there are.
        look: number of studies that the numbers below rest on, the largest of `LOOKS` up to `studies`; 0 before the first.
        ratio, low, high: how many times faster `a` is, with an interval of level 1 - .05/6.
        p: two-sided, unadjusted; compared with .05/6.
        separable: p <= .05/6, and one of the two reached on at least 4 workloads (on all where fewer ran), at this look or at
            an earlier one (then all numbers are those of that look).
        next_look: number of studies to run for the next look; None if separable, or after the last look.
        detectable: smallest ratio that this many studies find with 80 % power; None before the first look.
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
    """Return the state of the comparison of `a` and `b`: decided, or to be continued up to `next_look` studies.

    Args:
        trials: what `harness.load_results` returns. The extra studies of the pair must not be scored on a board.
        a, b: names of submissions.
        clock: "examples", "seconds" or "steps".

    Raises:
        BadInput: as `compare`.
    """
    study_times = study_times_of_two(checked(trials), a, b, clock)
    first, second = (study_times.submissions.index(name) for name in (a, b))
    common = {w: ~np.isnan(times[first]) & ~np.isnan(times[second]) for w, times in study_times.times.items()}
    studies = min((int(common[w].sum()) for w in study_times.workloads), default=0)
    state = Look(a, b, studies, 0, None, None, None, None, False, LOOKS[0], None)
    for count in (n for n in LOOKS if n <= studies):
        # Each look uses the first studies only, as it did when these were all there were.
        first_studies = {w: there & (np.cumsum(there) <= count) for w, there in common.items()}
        times = {w: np.where(first_studies[w], x, np.nan) for w, x in study_times.times.items()}
        difference = contrast(log_times(replace(study_times, times=times)), first, second)
        estimate = difference.estimate
        interval, p = estimate.interval(1 - LOOK_LEVEL), estimate.p
        separable = p is not None and p <= LOOK_LEVEL and difference.testable
        later = [n for n in LOOKS if n > count]
        smallest = detectable(estimate.error, estimate.freedom, LOOK_LEVEL, POWER)
        state = Look(
            a=a,
            b=b,
            studies=studies,
            look=count,
            ratio=None if math.isnan(estimate.value) else math.exp(estimate.value),
            low=math.exp(interval[0]) if interval else None,
            high=math.exp(interval[1]) if interval else None,
            p=p,
            separable=separable,
            next_look=later[0] if later and not separable else None,
            detectable=math.exp(smallest) if math.isfinite(smallest) else None,
        )
        if separable:
            break
    return state


def look_sentence(state: Look) -> str:
    """Return the state in one sentence: the verdict, or how many studies to run, or which ratio would have been found."""
    if state.separable and state.ratio is not None and state.low is not None and state.high is not None:
        fast, slow, ratio = (state.a, state.b, state.ratio) if state.ratio >= 1 else (state.b, state.a, 1 / state.ratio)
        low, high = (state.low, state.high) if state.ratio >= 1 else (1 / state.high, 1 / state.low)
        return f"{fast} is {ratio:.2f} times as fast as {slow} [{low:.2f}, {high:.2f}], separable at {state.look} studies."
    if state.next_look is not None:
        return f"{state.a} and {state.b} are not separable at {state.studies} studies; the next look is at {state.next_look}."
    power = f"; a ratio of {state.detectable:.2f} would have been found with 80 % power" if state.detectable else ""
    return f"{state.a} and {state.b} are not separable at {state.look} studies{power}."

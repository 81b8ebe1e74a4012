"""Sequential comparison of two submissions: looks at 3, 5, 7, 10, 15 and 20 studies that share the error equally."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from harness.contracts.errors import BadInput
from harness.rules import Reading
from harness.scoring.compare import check_two
from harness.scoring.headline import why_no_ruler_reading
from harness.scoring.intervals import detectable
from harness.scoring.pair_readings import PairReading, pair_by_compute_saved, pair_by_times
from harness.scoring.sentences import rests_on
from harness.scoring.trial_table import checked, track_of

LOOKS = (3, 5, 7, 10, 15, 20)
LOOK_LEVEL = 0.05 / len(LOOKS)
POWER = 0.80


@dataclass(frozen=True)
class Look:
    """The state of a sequential comparison.

    Attributes:
        a, b: the two submissions.
        reading: by which they are compared: compute saved where the records carry rulers and are complete, else time to target.
        studies: how many common studies of every workload there are.
        look: number of studies that the numbers below rest on, the largest of `LOOKS` up to `studies`; 0 before the first.
        ratio, low, high: the speed-up of `a` over `b`, or how many times faster `a` is, with an interval of level 1 - .05/6.
        p: two-sided, unadjusted; compared with .05/6.
        separable: p <= .05/6, and the two differ on at least 4 workloads (by times: one of the two reached there), or on all
            where fewer ran, and `rests_on` is ""; at this look or at an earlier one (then all numbers are those of that look).
        rests_on: the workload on which the difference rests by compute saved (`harness.scoring.Pair`); else "".
        next_look: number of studies to run for the next look; None if separable, or after the last look.
        detectable: smallest ratio that this many studies find with 80 % power; None before the first look.
    """

    a: str
    b: str
    reading: Reading
    studies: int
    look: int
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    separable: bool
    next_look: int | None
    detectable: float | None
    rests_on: str = ""


def look(trials: pd.DataFrame, a: str, b: str, *, clock: str = "examples") -> Look:
    """Return the state of the comparison of `a` and `b`: decided, or to be continued up to `next_look` studies.

    Args:
        trials: what `harness.results.read_trials` returns. The extra studies of the pair must not be scored on a board.
        a, b: names of submissions.
        clock: "examples", "seconds" or "steps".

    Raises:
        BadInput: as `compare`; or the track has no target and the trials cannot be read off a ruler.
    """
    pair = _reading(checked(trials), a, b, clock)
    state = Look(a, b, pair.reading, pair.studies, 0, None, None, None, None, False, LOOKS[0], None)
    for count in (n for n in LOOKS if n <= pair.studies):
        # Each look uses the first studies only, as it did when these were all there were.
        difference = pair.first(count)
        estimate = difference.estimate
        interval, p = estimate.interval(1 - LOOK_LEVEL), estimate.p
        separable = p is not None and p <= LOOK_LEVEL and difference.testable and not difference.rests_on
        later = [n for n in LOOKS if n > count]
        smallest = detectable(estimate.error, estimate.freedom, LOOK_LEVEL, POWER)
        state = Look(
            a=a,
            b=b,
            reading=pair.reading,
            studies=pair.studies,
            look=count,
            ratio=None if math.isnan(estimate.value) else math.exp(estimate.value),
            low=math.exp(interval[0]) if interval else None,
            high=math.exp(interval[1]) if interval else None,
            p=p,
            separable=separable,
            next_look=later[0] if later and not separable else None,
            detectable=math.exp(smallest) if math.isfinite(smallest) else None,
            rests_on=difference.rests_on,
        )
        if separable:
            break
    return state


def _reading(trials: pd.DataFrame, a: str, b: str, clock: str) -> PairReading:
    """Return the pair off the rulers if its trials allow it, else by times to the target."""
    check_two(trials, a, b)
    track = track_of(trials)
    why_not = why_no_ruler_reading(trials[trials["submission"].isin([a, b])], track)
    if not why_not:
        return pair_by_compute_saved(trials, a, b, clock, track)
    if not track.targeted:
        raise BadInput(f"{track.title} has no target, and {why_not}: compare the two in another track")
    return pair_by_times(trials, a, b, clock)


def look_sentence(state: Look) -> str:
    """Return the state in one sentence: the verdict, or how many studies to run, or which ratio would have been found."""
    saved = state.reading is Reading.COMPUTE_SAVED
    if state.separable and state.ratio is not None and state.low is not None and state.high is not None:
        more, less, ratio = (state.a, state.b, state.ratio) if state.ratio >= 1 else (state.b, state.a, 1 / state.ratio)
        low, high = (state.low, state.high) if state.ratio >= 1 else (1 / state.high, 1 / state.low)
        what = f"has a speed-up of {ratio:.2f} over {less}" if saved else f"is {ratio:.2f} times as fast as {less}"
        return f"{more} {what} [{low:.2f}, {high:.2f}], separable at {state.look} studies."
    text = f"{state.a} and {state.b} are not separable by {'compute saved' if saved else 'times to the target'} at"
    why = f"; the difference {rests_on(state.rests_on)}" if state.rests_on else ""
    if state.next_look is not None:
        return f"{text} {state.studies} studies{why}; the next look is at {state.next_look}."
    smallest = f"{'a speed-up' if saved else 'a ratio'} of {state.detectable:.2f}" if state.detectable else ""
    power = f"; {smallest} would have been found with 80 % power" if smallest else ""
    return f"{text} {state.look} studies{why}{power}."

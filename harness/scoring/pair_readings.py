"""A pair of submissions by one reading of their trials, over the first studies of every workload: what a look is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.rules import Reading, Track
from harness.scoring.compare import study_times_of_two
from harness.scoring.compute_saved.equivalent import equivalents
from harness.scoring.compute_saved.gains import Gains, gains
from harness.scoring.compute_saved.pairs import speed_up_pairs
from harness.scoring.compute_saved.speedup import compared, overall
from harness.scoring.intervals import Estimate
from harness.scoring.log_times import log_times
from harness.scoring.rulers import rulers_of
from harness.scoring.rules import ScoringRules
from harness.scoring.scored import pinned_baseline
from harness.scoring.speed import contrast


@dataclass(frozen=True)
class Difference:
    """How far two submissions differ.

    Attributes:
        estimate: the log ratio.
        testable: whether they differ on enough workloads to be separable.
        rests_on: the workload on which the difference rests, so that they are not separable; else "".
    """

    estimate: Estimate
    testable: bool
    rests_on: str = ""


@dataclass(frozen=True)
class PairReading:
    """One reading of the trials of two submissions.

    Attributes:
        reading: which.
        studies: how many common studies every workload has that both ran.
        first: number of studies -> the difference over the first so many common studies of every workload.
    """

    reading: Reading
    studies: int
    first: Callable[[int], Difference]


def pair_by_times(trials: pd.DataFrame, a: str, b: str, clock: str) -> PairReading:
    """Return two submissions by times to the target; arguments as of `harness.scoring.look`, `trials` from `checked`."""
    study_times = study_times_of_two(trials, a, b, clock)
    this, other = (study_times.submissions.index(name) for name in (a, b))
    common = {w: ~np.isnan(times[this]) & ~np.isnan(times[other]) for w, times in study_times.times.items()}

    def first(count: int) -> Difference:
        kept = {w: there & (np.cumsum(there) <= count) for w, there in common.items()}
        times = {w: np.where(kept[w], x, np.nan) for w, x in study_times.times.items()}
        found = contrast(log_times(replace(study_times, times=times)), this, other)
        return Difference(found.estimate, found.testable)

    studies = min((int(common[w].sum()) for w in study_times.workloads), default=0)
    return PairReading(Reading.TIME_TO_TARGET, studies, first)


def pair_by_compute_saved(trials: pd.DataFrame, a: str, b: str, clock: str, track: Track) -> PairReading:
    """Return two submissions by compute saved, over the workloads with a ruler.

    Args:
        trials: from `checked`; complete, with rulers.
        a, b: names of submissions that are among them.
        clock: "examples", "seconds" or "steps".
        track: under which they ran.

    Raises:
        BadInput: an unknown clock.
    """
    rules = ScoringRules(clock, baseline=pinned_baseline(track, sorted(set(trials["submission"]))))
    rulers = rulers_of(trials)
    trials = trials[trials["submission"].isin([a, b, rules.baseline])]

    def read(rows: pd.DataFrame) -> tuple[Gains, int, int]:
        found = gains(equivalents(rows, rulers, track.horizons_in_budgets), rules.clock, rules.baseline)
        return found, found.submissions.index(a), found.submissions.index(b)

    found, this, other = read(trials)
    both = compared(found, np.array([this]), np.array([other]))
    f, g = (~np.isnan(overall(side)[0]) for side in (both.own, both.theirs))
    common = {w: f[k] & g[k] for k, w in enumerate(found.workloads) if f[k].any() and g[k].any()}

    def first(count: int) -> Difference:
        # Trials of later studies leave entirely: a cost per example may be a median over all studies.
        keys = {
            (w, found.studies[j]) for w, there in common.items() for j in np.flatnonzero(there & (np.cumsum(there) <= count))
        }
        kept, *pair = read(trials[[key in keys for key in zip(trials["workload"], trials["study"], strict=True)]])
        result = speed_up_pairs(kept, [(pair[0], pair[1])])[0]
        return Difference(result.speed_up.estimate, result.testable, result.rests_on)

    return PairReading(Reading.COMPUTE_SAVED, min((int(there.sum()) for there in common.values()), default=0), first)

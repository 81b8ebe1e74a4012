"""Measures planned comparisons off rulers: how much compute A saves over B, as on a board."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analyses.claim_measurements import FEWEST, absent, too_few
from analyses.claim_verdicts import RATIO_MARGIN, Measured
from analyses.comparisons import PlannedComparison
from harness.rules import Reading, ruleset
from harness.scoring.compute_saved.equivalent import equivalents
from harness.scoring.compute_saved.gains import gains
from harness.scoring.compute_saved.limits import limited_studies
from harness.scoring.compute_saved.speedup import compared, speed_up_rows
from harness.scoring.headline import why_no_ruler_reading
from harness.scoring.rulers import rulers_of
from harness.scoring.trial_table import checked


def reads_savings(trials: pd.DataFrame, comparison: PlannedComparison, workloads: Sequence[str]) -> bool:
    """Return whether a comparison is read off rulers: the trials of both sides are complete and carry one for every workload.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite; without rows if it has not run.
        comparison: at shares that are horizons of its track; it is not read off rulers at others.
        workloads: labels of all workloads that must have run.
    """
    track = ruleset(comparison.track)
    if absent(trials, comparison) or not set(comparison.shares) <= set(track.horizons):
        return False
    own = _of_both(trials, comparison, workloads)
    return not why_no_ruler_reading(own, track) and set(workloads) <= set(rulers_of(own))


def measure_savings(
    trials: pd.DataFrame, comparison: PlannedComparison, workloads: Sequence[str], studies: int = FEWEST
) -> Measured:
    """Return the log speed-up of A over B on the `examples` clock, as `timetrial compare` measures it.

    Args:
        trials: for which `reads_savings` is true.
        comparison, workloads: as there; gains are averaged over the comparison's shares, else over all horizons of the track.
        studies: common studies that each workload must have.
    """
    track = ruleset(comparison.track)
    own = checked(_of_both(trials, comparison, workloads))
    horizons = [share * track.budget for share in comparison.shares or track.horizons]
    found = gains(equivalents(own, rulers_of(own), horizons), "examples")
    this, other = (np.array([found.submissions.index(name)]) for name in (comparison.a, comparison.b))
    both = compared(found, this, other)
    counts = both.overall.counts[0]
    reason = too_few(dict(zip(found.workloads, counts.tolist(), strict=True)), workloads, studies)
    if reason:
        return Measured(comparison, None, RATIO_MARGIN, reason=reason)
    limited_a, limited_b, there = limited_studies(both.own, both.theirs, both.paired)
    row = speed_up_rows(found, both)[0]
    return Measured(
        comparison,
        replace(row.estimate, value=row.estimate.value - math.log(comparison.factor)),
        RATIO_MARGIN,
        studies=int(counts.min()),
        workloads=row.width,
        reading=Reading.COMPUTE_SAVED,
        limited=(int(limited_a.sum()), int(limited_b.sum())),
        both_limited=int((limited_a & limited_b).sum()),
        cells=int(there.sum()),
        bound=row.mark,
    )


def measure_saved_alone(trials: pd.DataFrame, comparison: PlannedComparison, workloads: Sequence[str]) -> Measured:
    """Return what `measure_savings` does; where that reading is impossible, that there is no estimate, and why if both ran."""
    if reads_savings(trials, comparison, workloads):
        return measure_savings(trials, comparison, workloads)
    if absent(trials, comparison):
        return Measured(comparison, None, RATIO_MARGIN)
    reason = why_no_ruler_reading(_of_both(trials, comparison, workloads), ruleset(comparison.track))
    return Measured(comparison, None, RATIO_MARGIN, reason=reason or "not every workload has a ruler")


def _of_both(trials: pd.DataFrame, comparison: PlannedComparison, workloads: Sequence[str]) -> pd.DataFrame:
    """Return the trials of the two sides on these workloads."""
    both = trials["submission"].isin([comparison.a, comparison.b])
    return trials[both & trials["workload"].isin(list(workloads))]

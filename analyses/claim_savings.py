"""Measures planned comparisons off rulers: how much compute A saves over B, as on a board."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analyses.claim_verdicts import MARGIN, Measured
from analyses.comparisons import PlannedComparison
from harness.rules import ruleset
from harness.scoring.compute_saved.contrasts import Contrasts
from harness.scoring.compute_saved.equivalent import equivalents
from harness.scoring.compute_saved.gains import gains
from harness.scoring.compute_saved.limits import limited_studies
from harness.scoring.compute_saved.pairs import LEVEL, WITHOUT_ONE
from harness.scoring.compute_saved.speedup import compared, speed_up_rows
from harness.scoring.headline import why_no_ruler_reading
from harness.scoring.rulers import rulers_of
from harness.scoring.trial_table import checked

FEWEST = 3
"""Common studies per workload that an interval needs."""


def measure_savings(
    trials: pd.DataFrame, comparison: PlannedComparison, workloads: Sequence[str], studies: int = FEWEST
) -> Measured:
    """Return the log speed-up of A over B on the `examples` clock, as `timetrial compare` measures it.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite; without rows if it has not run.
        comparison: gains are averaged over its shares, horizons of its track, else over all of them.
        workloads: labels of all workloads that must have run.
        studies: common studies that each workload must have.

    Returns:
        Without an estimate where a side has not run; and with the reason where both have, but not enough, or not so that they
        can be read off rulers.
    """
    names = [comparison.a, comparison.b]
    if trials.empty or not set(names) <= set(trials["submission"]):
        return Measured(comparison, None, MARGIN)
    track = ruleset(comparison.track)
    own = trials[trials["submission"].isin(names) & trials["workload"].isin(list(workloads))]
    reason = why_no_ruler_reading(own, track) or _without_ruler(own, workloads)
    if reason:
        return Measured(comparison, None, MARGIN, reason=reason)
    own = checked(own)
    horizons = [share * track.budget for share in comparison.shares or track.horizons]
    found = gains(equivalents(own, rulers_of(own), horizons), "examples")
    this, other = (np.array([found.submissions.index(name)]) for name in names)
    both = compared(found, this, other)
    counts = both.overall.counts[0]
    reason = _too_few(dict(zip(found.workloads, counts.tolist(), strict=True)), workloads, studies)
    if reason:
        return Measured(comparison, None, MARGIN, reason=reason)
    limited_a, limited_b, there = limited_studies(both.own, both.theirs, both.paired)
    row = speed_up_rows(found, both)[0]
    return Measured(
        comparison,
        replace(row.estimate, value=row.estimate.value - math.log(comparison.factor)),
        MARGIN,
        studies=int(counts.min()),
        workloads=row.width,
        limited=(int(limited_a.sum()), int(limited_b.sum())),
        both_limited=int((limited_a & limited_b).sum()),
        cells=int(there.sum()),
        bound=row.mark,
        reason=_resting(both.overall, found.workloads) if comparison.factor == 1 else "",
    )


def _resting(overall: Contrasts, workloads: Sequence[str]) -> str:
    """Return on which workload a difference rests that is significant by itself, in words; "" if on none.

    It is the condition under which a board calls a pair separable; the rule on claims does not ask for it.
    """
    p, without = overall.p_values()[0], overall.p_without_one()[0]
    if not (p <= LEVEL and without > WITHOUT_ONE):
        return ""
    return f"without {workloads[int(overall.p_without_each()[0].argmax())]} p is {without:.2g}, unadjusted; with it {p:.2g}"


def _without_ruler(trials: pd.DataFrame, workloads: Sequence[str]) -> str:
    """Return on which of `workloads` no trial carries a ruler, in words; "" if all have one."""
    known = rulers_of(trials)
    lacking = [label for label in workloads if label not in known]
    return f"no trial that carries a ruler on {', '.join(lacking)}" if lacking else ""


def _too_few(common: Mapping[str, int], workloads: Sequence[str], studies: int) -> str:
    """Return on which of `workloads` fewer than `studies` studies are common, in words; "" if there are enough.

    Args:
        common: workload -> number of common studies.
        workloads: labels of all workloads that must have run.
        studies: how many each must have.
    """
    if not workloads:
        return "no workload"
    few = [f"{w} ({common.get(w, 0)} of {studies})" for w in workloads if common.get(w, 0) < studies]
    return f"too few common studies on {', '.join(few)}" if few else ""

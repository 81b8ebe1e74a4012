"""The cells of a board: one submission on one workload."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from harness.scoring.board_parts import Cell
from harness.scoring.failures import cell_failures
from harness.scoring.intervals import median_interval
from harness.scoring.medians import Floats, medians
from harness.scoring.profiles import CUT_OFF
from harness.scoring.scored import Scored

Cells = dict[tuple[str, str], Cell]
"""By submission and workload label."""

FAILED_VARIANT = "too slow, or missed, on a held-out variant: it counts as missed here"


def cells(scored: Scored) -> Cells:
    """Return the cell of every submission on every workload and held-out variant."""
    slower_at_most = set() if scored.exact else {(s.submission, s.workload) for s in scored.studies if s.lower < s.time}
    cut = Counter((s.submission, s.workload) for s in scored.studies if s.cut and not s.missing)
    failures = cell_failures(scored.studies)
    ran = studies_of(scored)
    result = {}
    for label in scored.study_times.labels:
        middle = medians(scored.study_times.times[label])
        for i, name in enumerate(scored.submissions):
            cell = _cell(scored, i, label, middle, (name, label) in slower_at_most, cut[name, label], ran[name])
            failure, by_study = failures.get((name, label), ("", {}))
            lost = tuple(by_study.get(study, "") for study in cell.study_ids)
            result[name, label] = replace(cell, failure=failure if math.isinf(cell.time) else "", study_failures=lost)
    return result


def studies_of(scored: Scored) -> dict[str, int]:
    """Return {submission: in how many studies it was run}: a later one of another submission is none that it lacks."""
    return {name: 1 + max(s.study for s in scored.studies if s.submission == name) for name in scored.submissions}


def _cell(scored: Scored, i: int, label: str, middle: Floats, bounded: bool, cut: int, ran: int) -> Cell:
    row = scored.study_times.times[label][i]
    present = ~np.isnan(row)
    times = tuple(row[present].tolist())
    low, high, level = (None, None, "") if scored.rules.score_only else median_interval(times)
    base = scored.workloads.index(label) if label in scored.workloads else -1
    time = math.inf if math.isnan(middle[i]) else float(middle[i])
    contribution = float(scored.contributions[i, base]) if base >= 0 else 0.0
    upper = bounded or (cut and not contribution and math.isfinite(time))
    failed = base >= 0 and not contribution and _failed_variant(time, float(scored.medians[i, base]), middle)
    return Cell(
        submission=scored.submissions[i],
        workload=label,
        time=time,
        low=low,
        high=high,
        level=level,
        reached=sum(math.isfinite(t) for t in times),
        studies=len(times),
        missing=sum(study < ran for study in scored.study_times.studies[label]) - len(times),
        study_times=times,
        study_ids=tuple(j for j, there in zip(scored.study_times.studies[label], present, strict=True) if there),
        contribution=contribution,
        bound="≤" if upper else "",
        cut=cut,
        note=FAILED_VARIANT if failed else "",
    )


def _failed_variant(time: float, counted: float, middle: Floats) -> bool:
    """Whether a missed held-out variant voided this time, which would have scored."""
    return math.isfinite(time) and math.isinf(counted) and time <= CUT_OFF * float(np.nanmin(middle))

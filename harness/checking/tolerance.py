"""One record against the same trial run again on another machine type, where sums of floats are rounded otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from statistics import fmean, stdev

import numpy as np

from harness.checking.differences import ended, evaluation_differences, trace_differences
from harness.checking.findings import Finding, Verdict
from harness.records import Status, TrialRecord, fact_of
from harness.scoring.ruler import Ruler, read_gains
from harness.scoring.ruler_checks import resolution

TOLERANCE = 3.0
"""Ends may differ by this many resolutions of the workload's ruler, in log E: 142 of 144 did (docs/trust.md)."""

LEAST_SHIFTS, SHIFT_ERRORS = 8, 4.0
"""From so many records on, their mean shift may not be more than so many standard errors from zero."""

SAME_RATE = 1e-9
"""Relative difference up to which two learning rates of an open-loop schedule are equal."""

RAN_TO_END = (Status.REACHED, Status.MISSED, Status.FINISHED)


def within_tolerance(recorded: TrialRecord, found: TrialRecord, where: str = "on another machine type") -> Finding:
    """Return what a repetition tells about a record where sums may be rounded otherwise, by default on another machine type.

    What was charged, the steps and the rates of an open-loop submission do not depend on rounding, so they must agree. The
    metric at the end of a complete trial should agree within `TOLERANCE` of its ruler's resolutions; where it does not, a
    single trial decides nothing, since rounding alone can do that to an unstable one. Hits may differ.
    """
    spec = recorded.spec
    difference = next(_differences(recorded, found), "") if _open_loop(found) else ""
    if difference:
        return Finding(spec, Verdict.DIFFERS, difference)
    if not all(record.complete and record.status in RAN_TO_END for record in (recorded, found)):
        if ended(recorded) == ended(found) and recorded.status in (Status.FAILED, Status.DIVERGED):
            return Finding(spec, Verdict.HOLDS, f"{ended(recorded)} again, {where}")
        both = f"{ended(recorded)} recorded, {ended(found)} found {where}"
        return Finding(spec, Verdict.NOT_COMPARED, f"{both}: without two complete trials there are no ends to compare")
    ruler = fact_of(found.facts, "workload", "ruler")
    if not ruler:
        return Finding(spec, Verdict.NOT_COMPARED, f"{where} only the ruler says how near is near, and there is none")
    shift, tolerance = _shift(recorded, found, Ruler.from_json(ruler))
    apart = f"its end is worth {math.exp(shift):.2f} times the equivalent budget found {where}"
    allowed = f"{math.exp(-tolerance):.2f} to {math.exp(tolerance):.2f}"
    if abs(shift) <= tolerance:
        return Finding(spec, Verdict.HOLDS, f"{apart}, within {allowed}", shift=shift)
    return Finding(spec, Verdict.NOT_COMPARED, f"{apart}, outside {allowed}: one trial decides nothing there", shift=shift)


@dataclass(frozen=True)
class MeanShift:
    """How far records and repetitions on another machine type are apart on average.

    Attributes:
        records: how many there are.
        mean: of log(equivalent budget recorded / found); positive where the records are better.
        error: its standard error.
    """

    records: int
    mean: float
    error: float

    @property
    def clear(self) -> bool:
        """Whether it is more than rounding does: then the records do not hold as a whole."""
        return abs(self.mean) > SHIFT_ERRORS * self.error


def mean_shift(findings: Iterable[Finding]) -> MeanShift | None:
    """Return the mean shift of the findings that have one; None with fewer than `LEAST_SHIFTS`."""
    shifts = [finding.shift for finding in findings if finding.shift is not None]
    if len(shifts) < LEAST_SHIFTS:
        return None
    return MeanShift(len(shifts), fmean(shifts), stdev(shifts) / math.sqrt(len(shifts)))


def _differences(recorded: TrialRecord, found: TrialRecord) -> Iterator[str]:
    return chain(
        evaluation_differences(recorded, found, only=("examples", "steps")),
        trace_differences(recorded, found, tolerance=SAME_RATE),
    )


def _open_loop(record: TrialRecord) -> bool:
    """Return whether neither steps nor rates of a submission depend on what it measures."""
    kind, listens = (fact_of(record.facts, "submission", name) for name in ("kind", "listens"))
    return kind in ("schedule", "optimizer") and not listens


def _shift(recorded: TrialRecord, found: TrialRecord, ruler: Ruler) -> tuple[float, float]:
    """Return log E of the recorded end over that of the found one, and how far they may be apart."""
    ends = [record.evaluations[-1] for record in (recorded, found)]
    losses = ruler.loss([math.nan if end["metric"] is None else end["metric"] for end in ends])
    log_horizons = np.log([float(end["examples"] or ruler.budget) / ruler.budget for end in ends])
    (own, here), _, _ = read_gains(ruler.points, losses, log_horizons)
    return float(own - here), TOLERANCE * resolution(ruler)

"""Which trials can still change a score? Bounds on every median while a race is under way: ``--prune score-only``.

Every trial has a span: the earliest and the latest clock at which it meets the target, as far as is known. A trial cut
at its evaluation due at t has the span [t, inf], which is true whatever it would have done. From spans follow bounds on
each study's time (the minimum), on each median, and on the smallest median of each column. A trial is irrelevant if in
every world that these bounds allow, its own hit changes no score; since spans only shrink, it stays so, and since the
world in which it misses is one of them, irrelevant trials may be dropped one after the other (docs/scoring.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from harness.pruning.safe import first_hit
from harness.pruning.stops import SCORE_ONLY, Limit
from harness.records import TrialRecord

Cell = tuple[str, str, int]

CUT_OFF = 4.0
"""Medians beyond this many times the column's smallest score nothing."""


@dataclass(frozen=True)
class Span:
    """Earliest and latest clock at which something meets its target; infinite: never."""

    low: float
    high: float


UNKNOWN, NEVER = Span(0.0, math.inf), Span(math.inf, math.inf)


@dataclass(frozen=True)
class Entry:
    """A trial of the board: where it belongs, what is known of it, whether a score-only rule cut it (at `span.low`)."""

    cell: Cell
    base: str
    trial: int
    span: Span = UNKNOWN
    cut: bool = False


def span_of(record: TrialRecord, clock: str) -> Span:
    """Return what a record says of the time at which its trial would have met the target."""
    hit = first_hit(record, clock, bool(record.facts["workload"]["lower_is_better"])) if record.evaluations else None
    if hit is not None:
        return Span(hit, hit)
    if record.status == "killed":
        return UNKNOWN
    if record.pruned_by == SCORE_ONLY:
        return Span(float((record.beater or {})["due"]), math.inf)
    if record.status == "pruned" and not record.pruned_by:
        return Span(float((record.beater or {})["time"]), math.inf)
    return NEVER


class Undecided:
    """The bounds of a race under way: `learn` narrows them, `limit` says from when on a study's trials are irrelevant."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._spans: dict[Cell, dict[int, Span]] = {}
        self._cells: dict[tuple[str, str], list[Cell]] = {}
        self._bases: dict[str, str] = {}
        self._medians: dict[tuple[str, str], Span] = {}
        for entry in entries:
            if entry.cell not in self._spans:
                self._cells.setdefault(entry.cell[:2], []).append(entry.cell)
            self._spans.setdefault(entry.cell, {})[entry.trial] = entry.span
            self._bases[entry.cell[1]] = entry.base
        self._submissions = sorted({submission for submission, _ in self._cells})

    def learn(self, cell: Cell, trial: int, span: Span) -> None:
        """Take note of what is now known of a trial."""
        self._spans[cell][trial] = span
        self._medians.pop(cell[:2], None)

    def limit(self, cell: Cell) -> Limit | None:
        """Return from when on the trials of a study can change no score, or None; always None for an even number of studies."""
        submission, label, _ = cell
        if len(self._cells[cell[:2]]) % 2 == 0:
            return None
        base, own = self._bases[label], self.median(submission, label)
        if own.low == own.high or self._study(cell).high <= own.low:
            return Limit(0.0, False, "the median of its studies is decided")
        if label != base and math.isinf(self.median(submission, base).low):
            return Limit(0.0, False, f"its base {base} is missed in most studies")
        found = [Limit(own.high, False, f"most of its studies have reached the target by {own.high:g}")]
        pace = self._pace(label)
        if math.isfinite(pace) and (label != base or self._reach_immaterial(submission, base)):
            far = 0.0 if own.low > CUT_OFF * pace else CUT_OFF * pace
            found.append(Limit(far, True, f"{CUT_OFF:g} times the fastest median so far, {pace:g}, has passed"))
            if self._lost(submission, base):
                behind = 0.0 if own.low >= pace else pace
                why = "a held-out variant or the 4x cut-off has cost it this workload"
                found.append(Limit(behind, False, f"{why}, and it can no longer be the fastest ({pace:g})"))
        limit = min(found, key=lambda limit: (limit.time, limit.strict))
        return limit if math.isfinite(limit.time) else None

    def median(self, submission: str, label: str) -> Span:
        """Return the bounds of a median; never, where the submission does not run there."""
        key = submission, label
        if key not in self._medians:
            studies = [self._study(cell) for cell in self._cells.get(key, ())]
            self._medians[key] = Span(_middle([s.low for s in studies]), _middle([s.high for s in studies]))
        return self._medians[key]

    def _study(self, cell: Cell) -> Span:
        spans = self._spans[cell].values()
        return Span(min(span.low for span in spans), min(span.high for span in spans))

    def _pace(self, label: str, without: str = "") -> float:
        """Return an upper bound of the column's smallest median; a variant counts only where its base is sure to be reached."""
        base = self._bases[label]
        rivals = (s for s in self._submissions if s != without)
        if label != base:
            rivals = (s for s in rivals if math.isfinite(self.median(s, base).high))
        return min((self.median(s, label).high for s in rivals), default=math.inf)

    def _variants(self, base: str) -> list[str]:
        return [label for label, of in self._bases.items() if of == base and label != base]

    def _lost(self, submission: str, base: str) -> bool:
        """Return whether a submission scores nothing on a workload, whatever is still to come."""
        return any(
            math.isinf(low) or low > CUT_OFF * self._pace(label)
            for label in (base, *self._variants(base))
            for low in (self.median(submission, label).low,)
        )

    def _reach_immaterial(self, submission: str, base: str) -> bool:
        """Return whether it changes nothing for the others if this base is missed altogether.

        A variant's time counts in its column only where its base was reached, however slowly; it may be what others are
        measured by.
        """
        return math.isfinite(self.median(submission, base).high) or all(
            self.median(submission, variant).low >= self._pace(variant, without=submission) for variant in self._variants(base)
        )


def _middle(values: list[float]) -> float:
    """Return the median; infinite where there is none."""
    ordered, middle = sorted(values), len(values) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2 if ordered else math.inf


def unjustified(entries: Iterable[Entry]) -> set[tuple[Cell, int]]:
    """Return the trials (cell, index) that a score-only rule has cut and that could change a score of this board."""
    entries = list(entries)
    bounds = Undecided(entries)
    limits = {cell: bounds.limit(cell) for cell in {entry.cell for entry in entries if entry.cut}}
    found = set()
    for entry in entries:
        limit = limits.get(entry.cell)
        if entry.cut and not (limit and limit.stops(entry.trial, entry.span.low)):
            found.add((entry.cell, entry.trial))
    return found

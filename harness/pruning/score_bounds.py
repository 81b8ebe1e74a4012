"""Which trials can still change a score: bounds on every median while a race is under way (``--prune score-only``).

Every trial has a span: the earliest and the latest clock at which it meets the target, as far as is known. A trial that
was cut at its evaluation due at t has the span [t, inf], which is true whatever it would have done. Bounds on each study's
time (the minimum), on each median, and on the smallest median of each column follow from the spans. A trial is
irrelevant if its own hit changes no score, whatever the other times within these bounds are. Since spans only shrink, an
irrelevant trial stays so; and since a miss lies within its own bounds, irrelevant trials may be dropped one after the
other (docs/scoring.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from harness.pruning.safe import first_hit
from harness.pruning.stops import SCORE_ONLY, ScoreLimit
from harness.records import Status, TrialRecord

Cell = tuple[str, str, int]
"""A study: submission, workload label, study."""

CUT_OFF = 4.0
"""A median beyond this many times the column's smallest one scores nothing."""


@dataclass(frozen=True)
class Span:
    """The earliest and the latest clock at which a trial, a study or a median can meet its target; infinite: never."""

    low: float
    high: float


UNKNOWN, NEVER = Span(0.0, math.inf), Span(math.inf, math.inf)


@dataclass(frozen=True)
class BoardTrial:
    """A trial of a board and what is known of its time.

    Attributes:
        cell: its study.
        base: name of the workload that its own workload is, or is a variant of.
        trial: index within the study.
        span: when it can meet the target.
        cut: whether a score-only rule stopped it (before the evaluation due at `span.low`).
    """

    cell: Cell
    base: str
    trial: int
    span: Span = UNKNOWN
    cut: bool = False


def span_of(record: TrialRecord, clock: str) -> Span:
    """Return what a record says about the time at which its trial meets, or would have met, the target."""
    hit = first_hit(record, clock, record.lower_is_better) if record.evaluations else None
    if hit is not None:
        return Span(hit, hit)
    if record.status == Status.KILLED:
        return UNKNOWN
    if record.pruned_by == SCORE_ONLY:
        return Span(float((record.beater or {}).get("due", 0.0)), math.inf)
    if record.status == Status.PRUNED and not record.pruned_by:
        return Span(float((record.beater or {}).get("time", 0.0)), math.inf)
    return NEVER


class ScoreBounds:
    """Bounds on all times of a race under way.

    `update` narrows them; `limit` says from when on the trials of a study can change no score.

    Args:
        trials: all trials of the race, those that have not started included.
    """

    def __init__(self, trials: Iterable[BoardTrial]) -> None:
        self._spans: dict[Cell, dict[int, Span]] = {}
        self._cells: dict[tuple[str, str], list[Cell]] = {}
        self._bases: dict[str, str] = {}
        self._medians: dict[tuple[str, str], Span] = {}
        for trial in trials:
            if trial.cell not in self._spans:
                self._cells.setdefault(trial.cell[:2], []).append(trial.cell)
            self._spans.setdefault(trial.cell, {})[trial.trial] = trial.span
            self._bases[trial.cell[1]] = trial.base
        self._submissions = sorted({submission for submission, _ in self._cells})

    def update(self, cell: Cell, trial: int, span: Span) -> None:
        """Replace what is known of a trial's time."""
        self._spans[cell][trial] = span
        self._medians.pop(cell[:2], None)

    def limit(self, cell: Cell) -> ScoreLimit | None:
        """Return from when on the trials of a study can change no score, or None; always None for an even number of studies."""
        submission, label, _ = cell
        if len(self._cells[cell[:2]]) % 2 == 0:
            return None
        base, own = self._bases[label], self.median(submission, label)
        if own.low == own.high or self._study(cell).high <= own.low:
            return ScoreLimit(0.0, False, "the median of its studies is decided")
        if label != base and math.isinf(self.median(submission, base).low):
            return ScoreLimit(0.0, False, f"its base {base} is missed in most studies")
        limits = [ScoreLimit(own.high, False, f"most of its studies have reached the target by {own.high:g}")]
        fastest = self._fastest_median(label)
        if math.isfinite(fastest) and (label != base or self._miss_changes_nothing(submission, base)):
            far = 0.0 if own.low > CUT_OFF * fastest else CUT_OFF * fastest
            limits.append(ScoreLimit(far, True, f"{CUT_OFF:g} times the fastest median so far ({fastest:g}) has passed"))
            if self._scores_nothing(submission, base):
                behind = 0.0 if own.low >= fastest else fastest
                why = "a missed held-out variant or the 4x cut-off voids its score here"
                limits.append(ScoreLimit(behind, False, f"{why}, and it can no longer be the fastest ({fastest:g})"))
        limit = min(limits, key=lambda limit: (limit.time, limit.strict))
        return limit if math.isfinite(limit.time) else None

    def median(self, submission: str, label: str) -> Span:
        """Return the bounds of a median over studies; `NEVER` where the submission does not run on the workload."""
        key = submission, label
        if key not in self._medians:
            studies = [self._study(cell) for cell in self._cells.get(key, ())]
            self._medians[key] = Span(_median([s.low for s in studies]), _median([s.high for s in studies]))
        return self._medians[key]

    def _study(self, cell: Cell) -> Span:
        spans = self._spans[cell].values()
        return Span(min(span.low for span in spans), min(span.high for span in spans))

    def _fastest_median(self, label: str, without: str = "") -> float:
        """Return an upper bound of the column's smallest median; a variant counts only where its base is sure to be reached."""
        base = self._bases[label]
        rivals = (s for s in self._submissions if s != without)
        if label != base:
            rivals = (s for s in rivals if math.isfinite(self.median(s, base).high))
        return min((self.median(s, label).high for s in rivals), default=math.inf)

    def _variants(self, base: str) -> list[str]:
        return [label for label, of in self._bases.items() if of == base and label != base]

    def _scores_nothing(self, submission: str, base: str) -> bool:
        """Return whether a submission scores nothing on a workload, whatever is still to come."""
        return any(
            math.isinf(low) or low > CUT_OFF * self._fastest_median(label)
            for label in (base, *self._variants(base))
            for low in (self.median(submission, label).low,)
        )

    def _miss_changes_nothing(self, submission: str, base: str) -> bool:
        """Return whether it makes no difference to the other submissions if this one misses the base workload.

        The time on a variant counts in the variant's column only where the base was reached, however slowly; there it
        may be the fastest one, by which others are measured.
        """
        return math.isfinite(self.median(submission, base).high) or all(
            self.median(submission, variant).low >= self._fastest_median(variant, without=submission)
            for variant in self._variants(base)
        )


def _median(values: list[float]) -> float:
    """Return the median; infinite where there are no values."""
    ordered, middle = sorted(values), len(values) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2 if ordered else math.inf


def unjustified_cuts(trials: Iterable[BoardTrial]) -> set[tuple[Cell, int]]:
    """Return the trials (cell, index) that a score-only rule has cut although they could change a score of this board."""
    trials = list(trials)
    bounds = ScoreBounds(trials)
    limits = {cell: bounds.limit(cell) for cell in {trial.cell for trial in trials if trial.cut}}
    unjustified = set()
    for trial in trials:
        limit = limits.get(trial.cell)
        if trial.cut and not (limit and limit.stops(trial.trial, trial.span.low)):
            unjustified.add((trial.cell, trial.trial))
    return unjustified

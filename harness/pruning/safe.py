"""Can this trial still be the fastest of its study? STATISTICS: stop at the first hit, or when the best is out of reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.records import TrialRecord, meets_target


@dataclass(frozen=True)
class Best:
    """The fastest trial of a study so far: its time on the track's clock, its index and its id."""

    time: float
    trial: int
    id: str

    def stops(self, trial: int, due: float) -> bool:
        """Return whether a trial whose next evaluation comes no earlier than `due` can no longer be the fastest."""
        return out_of_reach(self, trial, due)

    def words(self, clock: str) -> str:
        """Return why it stops a trial."""
        return f"trial {self.trial} reached the target at {self.time:g} {clock}"


def first_hit(record: TrialRecord, clock: str, lower_is_better: bool) -> float | None:
    """Return the clock at the first evaluation that meets the target, or None."""
    for evaluation in record.evaluations:
        if meets_target(evaluation["metric"], record.spec.target, lower_is_better=lower_is_better):
            return evaluation[clock]
    return None


def best_of(records: Iterable[TrialRecord], clock: str) -> Best | None:
    """Return the fastest of the trials of one study; of equal ones the lowest index."""
    best: Best | None = None
    for record in records:
        hit = first_hit(record, clock, bool(record.facts["workload"]["lower_is_better"]))
        if hit is not None:
            best = faster(best, Best(hit, record.spec.trial, record.spec.id))
    return best


def faster(a: Best | None, b: Best | None) -> Best | None:
    """Return the faster of two; of equal ones the one with the lower index."""
    if a is None or b is None:
        return a or b
    return min(a, b, key=lambda best: (best.time, best.trial))


def out_of_reach(best: Best | None, trial: int, next_evaluation: float) -> bool:
    """Return whether a trial whose next evaluation comes no earlier than `next_evaluation` can no longer be the fastest."""
    if best is None or best.trial == trial:
        return False
    return next_evaluation > best.time or (next_evaluation == best.time and trial > best.trial)


def evidence_stands(record: TrialRecord, beater: TrialRecord | None, clock: str) -> bool:
    """Return whether the trial that a safely pruned record names as its beater still says what the record says."""
    if record.status != "pruned" or record.pruned_by:
        return True
    if record.beater is None or beater is None:
        return False
    best = best_of([beater], clock)
    return best is not None and best.time <= float(record.beater["time"])

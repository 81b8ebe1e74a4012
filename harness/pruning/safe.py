"""The safe rule: a trial stops once it can no longer be the fastest of its study, so no time to target changes."""

from __future__ import annotations

from collections.abc import Iterable

from harness.pruning.stops import FastestTrial
from harness.records import Status, TrialRecord, meets_target


def first_hit(record: TrialRecord, clock: str, lower_is_better: bool) -> float | None:
    """Return the clock at the first evaluation that meets the target, or None."""
    for evaluation in record.evaluations:
        if meets_target(evaluation["metric"], record.spec.target, lower_is_better=lower_is_better):
            return evaluation[clock]
    return None


def fastest_of(records: Iterable[TrialRecord], clock: str) -> FastestTrial | None:
    """Return the fastest of the trials of one study; of equal times the lowest index. None where no trial met the target."""
    fastest: FastestTrial | None = None
    for record in records:
        hit = first_hit(record, clock, record.lower_is_better)
        if hit is not None:
            fastest = faster(fastest, FastestTrial(hit, record.spec.trial, record.spec.id))
    return fastest


def faster(a: FastestTrial | None, b: FastestTrial | None) -> FastestTrial | None:
    """Return the faster of two; of equal times the one with the lower index."""
    if a is None or b is None:
        return a or b
    return min(a, b, key=lambda fastest: (fastest.time, fastest.trial))


def evidence_holds(record: TrialRecord, beater: TrialRecord | None, clock: str) -> bool:
    """Return whether a record that the safe rule pruned is still justified by the faster trial that it names.

    Args:
        record: true for every record that the safe rule did not prune.
        beater: the present record of the faster trial; None where there is none.
        clock: of the track.
    """
    if record.status != Status.PRUNED or record.pruned_by:
        return True
    if record.beater is None or "time" not in record.beater or beater is None:
        return False
    fastest = fastest_of([beater], clock)
    return fastest is not None and fastest.time <= float(record.beater["time"])

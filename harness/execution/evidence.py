"""Which records of an earlier run still hold: those whose evidence is there, under the rules of this run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.plan import Plan
from harness.pruning import SCORE_ONLY, UNKNOWN, Entry, evidence_stands, span_of, unjustified
from harness.records import TrialRecord


def founded(records: Mapping[str, TrialRecord], plan: Plan, kinds: Collection[str]) -> dict[str, TrialRecord]:
    """Return the records that need not be run again.

    Args:
        records: of the plan's trials, by id.
        plan: of this run.
        kinds: what may have stopped a trial: `TrialRecord.pruned_by`.
    """
    clock = plan.track.clock
    kept = {}
    for name, record in records.items():
        beater = records.get(str((record.beater or {}).get("id")))
        if record.pruned_by in kinds and evidence_stands(record, beater, clock):
            kept[name] = record
    while SCORE_ONLY in kinds:
        entries = board_entries(plan, kept)
        gone = unjustified(entries)
        if not gone:
            break
        kept = {name: r for name, r in kept.items() if (r.spec.cell, r.spec.trial) not in gone}
    return kept


def board_entries(plan: Plan, records: Mapping[str, TrialRecord]) -> list[Entry]:
    """Return every trial of a plan with what its record, if there is one, says of the time that it would have taken."""
    entries = []
    for spec in plan.trials:
        record = records.get(spec.id)
        span = span_of(record, plan.track.clock) if record else UNKNOWN
        cut = record is not None and record.pruned_by == SCORE_ONLY
        entries.append(Entry(spec.cell, spec.workload, spec.trial, span, cut))
    return entries

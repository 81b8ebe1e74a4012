"""Which records of an earlier run may be reused: those whose reason for stopping holds under the rules of this run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.plan import Plan
from harness.pruning import SCORE_ONLY, UNKNOWN, BoardTrial, evidence_holds, span_of, unjustified_cuts
from harness.records import TrialRecord


def reusable(records: Mapping[str, TrialRecord], plan: Plan, kinds: Collection[str]) -> dict[str, TrialRecord]:
    """Return the records whose trials need not run again.

    Args:
        records: of the plan's trials, by id.
        plan: of this run.
        kinds: the values of `TrialRecord.pruned_by` that this run allows.
    """
    clock = plan.track.clock
    reused = {}
    for name, record in records.items():
        beater = records.get(str((record.beater or {}).get("id")))
        if record.pruned_by in kinds and evidence_holds(record, beater, clock):
            reused[name] = record
    while SCORE_ONLY in kinds:  # without a record that is not reused, another cut may no longer be justified
        unjustified = unjustified_cuts(board_trials(plan, reused))
        if not unjustified:
            break
        reused = {name: r for name, r in reused.items() if (r.spec.cell, r.spec.trial) not in unjustified}
    return reused


def board_trials(plan: Plan, records: Mapping[str, TrialRecord]) -> list[BoardTrial]:
    """Return every trial of a plan with what its record, where there is one, says about its time to the target."""
    trials = []
    for spec in plan.trials:
        record = records.get(spec.id)
        span = span_of(record, plan.track.clock) if record else UNKNOWN
        cut = record is not None and record.pruned_by == SCORE_ONLY
        trials.append(BoardTrial(spec.cell, spec.workload, spec.trial, span, cut))
    return trials

"""Which records of an earlier run may be reused: those that ran as far as it needs and stopped for a reason that holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from harness.execution.settings import Settings
from harness.plan import Plan
from harness.pruning import SCORE_ONLY, UNKNOWN, BoardTrial, evidence_holds, span_of, unjustified_cuts
from harness.records import FAILURES, Status, TrialRecord, TrialSpec


def prunings(settings: Settings) -> frozenset[str]:
    """Return the values of `TrialRecord.pruned_by` that a run allows; empty is the safe rule's."""
    return frozenset({"", SCORE_ONLY} if settings.prune == SCORE_ONLY else {""})


def finished(record: TrialRecord, settings: Settings) -> bool:
    """Return whether a recorded trial ran as far as a run needs."""
    if record.status == Status.KILLED or (settings.retry and {record.status, record.ended_as} & set(FAILURES)):
        return False
    at_target = record.status == Status.REACHED and not record.complete and not record.ended_as
    cut = record.status == Status.PRUNED or at_target
    return not (settings.run_to_end and cut)


def reusable(records: Iterable[TrialRecord], plan: Plan, settings: Settings) -> dict[str, TrialRecord]:
    """Return {id: record} of those whose trials need not run again.

    Args:
        records: of the plan's trials.
        plan: of this run.
        settings: of this run.
    """
    clock, kinds = plan.track.clock, prunings(settings)
    found = {record.spec.id: record for record in records if finished(record, settings)}
    reused = {}
    for name, record in found.items():
        beater = found.get(str((record.beater or {}).get("id")))
        if record.pruned_by in kinds and evidence_holds(record, beater, clock):
            reused[name] = record
    while SCORE_ONLY in kinds:  # without a record that is not reused, another cut may no longer be justified
        unjustified = unjustified_cuts(board_trials(plan, reused))
        if not unjustified:
            break
        reused = {name: r for name, r in reused.items() if (r.spec.cell, r.spec.trial) not in unjustified}
    if any(record.status == Status.SKIPPED for record in reused.values()):
        bases, ended = Bases(plan), by_submission_and_workload(reused.values())
        reused = {k: r for k, r in reused.items() if r.status != Status.SKIPPED or bases.missed(r.spec, ended)}
    return reused


def by_submission_and_workload(records: Iterable[TrialRecord]) -> dict[tuple[str, str], list[TrialRecord]]:
    """Return records by the submission and the label of the workload that they are about."""
    found: dict[tuple[str, str], list[TrialRecord]] = {}
    for record in records:
        found.setdefault((record.spec.submission, record.spec.workload_label), []).append(record)
    return found


class Bases:
    """Tells which submissions have missed the base of a held-out variant: their trials of the variant do not run."""

    def __init__(self, plan: Plan) -> None:
        self._targeted = plan.track.targeted
        self._planned = Counter((spec.submission, spec.workload_label) for spec in plan.trials)

    def missed(self, variant: TrialSpec, ended: Mapping[tuple[str, str], Sequence[TrialRecord]]) -> bool:
        """Return whether a submission has missed a variant's base in every planned trial of every study.

        Args:
            variant: a trial of the variant.
            ended: records of the plan's trials, as `by_submission_and_workload` returns them.
        """
        base = (variant.submission, variant.workload)
        records = ended.get(base, ())
        open_ = any(r.status in (Status.REACHED, Status.KILLED) or r.pruned_by == SCORE_ONLY for r in records)
        return self._targeted and len(records) == self._planned[base] and not open_


def board_trials(plan: Plan, records: Mapping[str, TrialRecord]) -> list[BoardTrial]:
    """Return every trial of a plan with what its record, where there is one, says about its time to the target."""
    trials = []
    for spec in plan.trials:
        record = records.get(spec.id)
        span = span_of(record, plan.track.clock) if record else UNKNOWN
        cut = record is not None and record.pruned_by == SCORE_ONLY
        trials.append(BoardTrial(spec.cell, spec.workload, spec.trial, span, cut))
    return trials

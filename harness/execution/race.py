"""The race: which trial starts next, what a running one must know, and what is done with a record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from harness.contracts import DataUnavailable
from harness.execution.evidence import board_entries, founded
from harness.execution.settings import Settings, Summary
from harness.execution.worker import ended
from harness.plan import Plan
from harness.pruning import (
    FORECAST,
    SCORE_ONLY,
    Best,
    Limit,
    Stop,
    Undecided,
    beater_of,
    best_of,
    faster,
    span_of,
    tighter,
    upcoming,
)
from harness.records import FAILURES, Status, TrialRecord, TrialResult, TrialSpec
from harness.results import ResultStore, RunNote

Cell = tuple[str, str, int]
Listener = Callable[[TrialRecord, "Race"], None]

__all__ = ["Race", "Settings", "Summary"]


class Race:
    """A plan under way. Executors ask `next` for a trial, `best` for what it must know, and hand its record to `done`."""

    def __init__(
        self, plan: Plan, store: ResultStore, settings: Settings, listener: Listener = lambda record, race: None
    ) -> None:
        self.plan, self.store, self.settings = plan, store, settings
        self.summary = Summary()
        self.skipped: dict[str, str] = {}
        self._listener = listener
        self._bests: dict[Cell, Best] = {}
        self._ended: dict[tuple[str, str], list[TrialRecord]] = {}
        self._undecided: Undecided | None = None
        self._pending: deque[TrialSpec] = deque()

    @property
    def left(self) -> int:
        """Trials that have not started."""
        return len(self._pending)

    def prepare(self) -> None:
        """Fetch data, find what is finished already, and write down what this run sets out to do.

        Raises:
            OSError: the results directory cannot be written.
        """
        self._load_data()
        self.plan = self.plan.without(list(self.skipped))
        read = (self.store.read(spec) for spec in self.plan.trials)
        finished = {record.spec.id: record for record in read if record is not None and self._finished(record)}
        found = founded(finished, self.plan, self._kinds)
        if self.settings.prune == SCORE_ONLY and not self.settings.run_to_end:
            self._undecided = Undecided(board_entries(self.plan, {}))
        for spec in self.plan.trials:
            record = found.get(spec.id)
            if record is not None and (record.status != Status.SKIPPED or self._base_lost(spec)):
                self.summary.found += 1
                self._learn(record)
            else:
                self._pending.append(spec)
        self.store.write_run(self._note())

    @property
    def _kinds(self) -> frozenset[str]:
        """What may have stopped a trial of this race beside the safe rules."""
        asked = {SCORE_ONLY: self.settings.prune == SCORE_ONLY, FORECAST: self.settings.stop_hopeless}
        return frozenset({"", *(kind for kind, wanted in asked.items() if wanted and not self.settings.run_to_end)})

    def next(self) -> TrialSpec | None:
        """Return the next trial to start, or None; those that cannot change the board are ended on the way."""
        while self._pending:
            spec = self._pending.popleft()
            if spec.variant and self._base_lost(spec):
                self._skip(spec)
            elif (limit := self._limit(spec.cell)) and limit.stops(spec.trial, due := self._first_due(spec)):
                self._cut(spec, limit, due)
            else:
                return spec
        return None

    def best(self, cell: Cell) -> Stop | None:
        """Return what a running trial of a study must know: its fastest trial so far, or a limit from other studies."""
        return None if self.settings.run_to_end else tighter(self._bests.get(cell), self._limit(cell))

    def done(self, result: TrialResult) -> None:
        """Write a trial's record and artefacts, update what is known, and call the listener.

        Raises:
            OSError: they cannot be written (a full disk); nothing that was written before is lost.
        """
        record, artefacts = result
        if not record.created:
            record = replace(record, created=datetime.now(UTC).isoformat(timespec="seconds"))
        self.store.write(record, artefacts)
        self.summary.add(record)
        self._learn(record)
        self._listener(record, self)

    def ended(self, spec: TrialSpec, status: Status, reason: str, **more: Any) -> None:
        """Write the record of a trial of which nothing is known but how it ended."""
        workload, submission = self.plan.workloads[spec.workload_label], self.plan.submissions[spec.submission]
        self.done(TrialResult(replace(ended(spec, workload, submission, status, reason), **more)))

    def _skip(self, spec: TrialSpec) -> None:
        bases = self._ended[spec.submission, spec.workload]
        kind = FORECAST if any(record.pruned_by == FORECAST for record in bases) else ""
        self.ended(spec, Status.SKIPPED, f"its base {spec.workload} was missed in every study", pruned_by=kind)

    def _cut(self, spec: TrialSpec, limit: Limit, due: float) -> None:
        more = {"pruned_by": SCORE_ONLY, "beater": beater_of(limit, due)}
        self.ended(spec, Status.PRUNED, f"not started: {limit.reason}", **more)

    def _limit(self, cell: Cell) -> Limit | None:
        return self._undecided.limit(cell) if self._undecided else None

    def _first_due(self, spec: TrialSpec) -> float:
        return upcoming(0.0, spec) if self.plan.track.clock == "examples" else 0.0

    def _finished(self, record: TrialRecord) -> bool:
        if record.status == Status.KILLED or (self.settings.retry and record.status in FAILURES):
            return False
        cut = record.status == Status.PRUNED or (record.status == Status.REACHED and not record.complete)
        return not (self.settings.run_to_end and cut)

    def _learn(self, record: TrialRecord) -> None:
        spec = record.spec
        best = faster(self._bests.get(spec.cell), best_of([record], self.plan.track.clock))
        if best is not None:
            self._bests[spec.cell] = best
        self._ended.setdefault((spec.submission, spec.workload_label), []).append(record)
        if self._undecided:
            self._undecided.learn(spec.cell, spec.trial, span_of(record, self.plan.track.clock))

    def _base_lost(self, spec: TrialSpec) -> bool:
        if not self.plan.track.targeted:
            return False
        planned = sum(s.submission == spec.submission and s.workload_label == spec.workload for s in self.plan.trials)
        ended = self._ended.get((spec.submission, spec.workload), [])
        open_ = any(record.status in (Status.REACHED, Status.KILLED) or record.pruned_by == SCORE_ONLY for record in ended)
        return len(ended) == planned and not open_

    def _load_data(self) -> None:
        for label, workload in self.plan.workloads.items():
            try:
                workload.load(self.settings.data_directory)
            except DataUnavailable as error:
                self.skipped[label] = str(error)
            except OSError as error:
                self.skipped[label] = f"its data cannot be prepared: {error.strerror or error} ({error.filename or ''})"

    def _note(self) -> RunNote:
        hashes = {spec.submission: spec.submission_hash for spec in self.plan.trials}
        hashes |= {spec.workload_label: spec.workload_hash for spec in self.plan.trials}
        trials = {spec.id: (spec.submission, spec.workload_label, spec.study) for spec in self.plan.trials}
        created = datetime.now(UTC).isoformat(timespec="microseconds")
        return RunNote(
            track=self.plan.track.name,
            suite=self.plan.suite,
            trials=trials,
            hashes=hashes,
            skipped=dict(self.skipped),
            created=created,
            pair=self.plan.pair,
            pruned_by=tuple(sorted(self._kinds - {""})),
        )

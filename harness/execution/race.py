"""The race: which trial starts next, what stops a running one, and where a result goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from harness.contracts.workloads import DataUnavailable
from harness.execution.acceptance import Acceptance
from harness.execution.claims import Claims
from harness.execution.evidence import Bases, board_trials, finished, prunings, reusable
from harness.execution.settings import Settings, Summary
from harness.execution.worker import ended
from harness.plan import Plan
from harness.pruning import (
    SCORE_ONLY,
    Cell,
    FastestTrial,
    ScoreBounds,
    ScoreLimit,
    Stop,
    earlier_stop,
    faster,
    fastest_of,
    next_evaluation,
    span_of,
)
from harness.records import LOSSES, Status, TrialRecord, TrialResult, TrialSpec
from harness.registry import suites
from harness.results import ResultStore, RunNote, planned_trials

Listener = Callable[[TrialRecord, "Race"], None]

__all__ = ["Race", "Settings", "Summary"]


class Race:
    """A plan that is being run, whichever executor runs it.

    An executor calls `next` for a trial to start, `stop_for` for what stops running ones, and `done` with every result. Other
    runs may work on the same results directory: each trial is claimed before it starts, and a trial that another run has
    claimed is `elsewhere` until its record is there or that run has died.

    Args:
        plan: the trials.
        store: where records are read and written.
        settings: of the run.
        listener: called after every trial that ended.

    Attributes:
        elsewhere: {id: spec} of the trials that other runs have claimed.
        without_losses: how many trials that took steps are recorded already, without their training losses.
    """

    def __init__(
        self, plan: Plan, store: ResultStore, settings: Settings, listener: Listener = lambda record, race: None
    ) -> None:
        self.plan, self.store, self.settings = plan, store, settings
        self.summary = Summary()
        self.skipped: dict[str, str] = {}
        self._left_out: dict[str, str] = {}
        self._created = datetime.now(UTC).isoformat(timespec="microseconds")
        self._listener = listener
        self._fastest: dict[Cell, FastestTrial] = {}
        self._ended: dict[tuple[str, str], list[TrialRecord]] = {}
        self._bounds: ScoreBounds | None = None
        self._pending: deque[TrialSpec] = deque()
        self._claims = Claims(store.directory)
        self._after_death: set[str] = set()
        self._not_reused: dict[str, int] = {}
        self.elsewhere: dict[str, TrialSpec] = {}
        self.without_losses = 0
        self._acceptance = Acceptance(plan, settings.device, run_to_end=settings.run_to_end)

    @property
    def left(self) -> int:
        """Trials that have not started, those that other runs have claimed included."""
        return len(self._pending) + len(self.elsewhere)

    def train_on(self, device: str) -> None:
        """Say on which device the trials train, where the cluster decides: before any of them has started."""
        self.settings = replace(self.settings, device=device)
        self._acceptance = Acceptance(self.plan, device, run_to_end=self.settings.run_to_end)

    def leave_out(self, machine: str, reason: str) -> None:
        """Write down that a machine of a cluster runs no more trials, so that the board says so."""
        self._left_out[machine] = reason
        self.store.write_run(self._note())

    def close(self) -> None:
        """Give back the claims of all trials that have no record."""
        self._claims.close()

    def prepare(self) -> None:
        """Fetch the data, find out which records can be reused, and write down what this run is going to do.

        Raises:
            OSError: the results directory cannot be written.
        """
        self._load_data()
        self.plan = self.plan.without(list(self.skipped))
        self._bases = Bases(self.plan)
        read = (self.store.read(spec) for spec in self.plan.trials)
        reused = reusable((record for record in read if record is not None), self.plan, self.settings)
        if self.settings.prune == SCORE_ONLY:
            self._bounds = ScoreBounds(board_trials(self.plan, {}))
        for spec in self.plan.trials:
            record = reused.get(spec.id)
            if record is not None:
                self.summary.reused += 1
                self.without_losses += bool(record.learning_rates) and LOSSES not in record.artefacts
                self._take_into_account(record)
            else:
                self._pending.append(spec)
                self._not_reused[spec.id] = self._written_at(spec)
        self.store.write_run(self._note())
        self._claims.remove_settled(reused)

    def next(self) -> TrialSpec | None:
        """Return the next trial to start, or None; trials before it that cannot change the board end without running."""
        while self._pending:
            spec = self._pending.popleft()
            if spec.variant and self._bases.missed(spec, self._ended):
                self._skip(spec)
            elif (limit := self._limit(spec.cell)) and limit.stops(spec.trial, due := self._first_due(spec)):
                self._cut(spec, limit, due)
            elif self._claimed(spec):
                return spec
        return None

    def again(self, spec: TrialSpec) -> None:
        """Take back a trial that `next` returned and that has no record: it is the next one to start."""
        self._pending.appendleft(spec)

    def died_before(self, spec: TrialSpec) -> bool:
        """Return whether a run died that had claimed a trial which `next` has returned."""
        return spec.id in self._after_death

    def look_elsewhere(self) -> None:
        """Find out what has become of the trials that other runs had claimed."""
        for trial, spec in list(self.elsewhere.items()):
            if self._recorded_elsewhere(spec):
                del self.elsewhere[trial]
            elif not self._claims.is_claimed_elsewhere(trial):
                del self.elsewhere[trial]
                self._pending.append(spec)

    def holder(self, spec: TrialSpec) -> str:
        """Return, in words, which process has claimed a trial."""
        return self._claims.holder(spec.id)

    def _claimed(self, spec: TrialSpec) -> bool:
        """Return whether this run has claimed a trial; if not, it is recorded by now, or another run has claimed it."""
        claim = self._claims.take(spec.id)
        if claim is None:
            self.elsewhere[spec.id] = spec
            return False
        if self._recorded_elsewhere(spec):
            self._claims.release(spec.id)
            return False
        if claim.after_death:
            self._after_death.add(spec.id)
            self.store.remove_unfinished(spec)
        return True

    def _recorded_elsewhere(self, spec: TrialSpec) -> bool:
        """Return whether another run has recorded a trial since this one began; if so, its record is taken into account."""
        if self._written_at(spec) == self._not_reused.get(spec.id):
            return False
        record = self.store.read(spec)
        if record is None or record.pruned_by not in prunings(self.settings) or not finished(record, self.settings):
            return False
        self.summary.reused += 1
        self._take_into_account(record)
        return True

    def _written_at(self, spec: TrialSpec) -> int:
        """Return when the file that holds a trial's record was written, in nanoseconds; 0 if there is none."""
        try:
            return self.store.file_of(spec, spec.id).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def stop_for(self, cell: Cell) -> Stop | None:
        """Return what stops the trials of a study now: its fastest trial so far, or a limit that follows from other studies."""
        return None if self.settings.run_to_end else earlier_stop(self._fastest.get(cell), self._limit(cell))

    def done(self, result: TrialResult, sent: TrialSpec | None = None) -> None:
        """Accept what a worker returned, write it, take it into account, and call the listener.

        Args:
            result: record and artefacts of a trial. A record that cannot be true is replaced by a failed one.
            sent: what the worker was to run; None: the trial that the record is about.

        Raises:
            OSError: they cannot be written (a full disk); nothing that was written before is lost.
        """
        self._keep(result._replace(record=self._acceptance.accept(result.record, sent or result.record.spec)))

    def _keep(self, result: TrialResult) -> None:
        record, artefacts = result
        if not record.created:
            record = replace(record, created=datetime.now(UTC).isoformat(timespec="seconds"))
        self.store.write(record, artefacts)
        self._claims.release(record.spec.id)
        self.summary.add(record)
        self._take_into_account(record)
        self._listener(record, self)

    def ended(self, spec: TrialSpec, status: Status, reason: str, **more: Any) -> None:
        """Write the record of a trial that left nothing but how it ended; `more` are further fields of it."""
        workload, submission = self.plan.workloads[spec.workload_label], self.plan.submissions[spec.submission]
        self._keep(TrialResult(replace(ended(spec, workload, submission, status, reason), **more)))

    def _skip(self, spec: TrialSpec) -> None:
        self.ended(spec, Status.SKIPPED, f"its base {spec.workload} was missed in every study")

    def _cut(self, spec: TrialSpec, limit: ScoreLimit, due: float) -> None:
        more = {"pruned_by": limit.kind, "beater": limit.evidence(due)}
        self.ended(spec, Status.PRUNED, f"not started: {limit.reason}", **more)

    def _limit(self, cell: Cell) -> ScoreLimit | None:
        return self._bounds.limit(cell) if self._bounds else None

    def _first_due(self, spec: TrialSpec) -> float:
        """Return the earliest time of a trial's first evaluation, on the track's clock: only `examples` is known beforehand."""
        return {"examples": next_evaluation(0.0, spec)}.get(self.plan.track.clock, 0.0)

    def _take_into_account(self, record: TrialRecord) -> None:
        spec = record.spec
        fastest = faster(self._fastest.get(spec.cell), fastest_of([record], self.plan.track.clock))
        if fastest is not None:
            self._fastest[spec.cell] = fastest
        self._ended.setdefault((spec.submission, spec.workload_label), []).append(record)
        if self._bounds:
            self._bounds.update(spec.cell, spec.trial, span_of(record, self.plan.track.clock))

    def _load_data(self) -> None:
        for label, workload in self.plan.workloads.items():
            try:
                workload.load(self.settings.data_directory)
            except DataUnavailable as error:
                self.skipped[label] = str(error)
            except OSError as error:
                self.skipped[label] = f"its data cannot be prepared: {error.strerror or error} ({error.filename or ''})"

    def _note(self) -> RunNote:
        trials, hashes = planned_trials(self.plan.trials)
        return RunNote(
            track=self.plan.track.name,
            suite=self.plan.suite,
            trials=trials,
            hashes=hashes,
            skipped=dict(self.skipped),
            created=self._created,
            pair=self.plan.pair,
            pruned_by=tuple(sorted(prunings(self.settings) - {""})),
            left_out=dict(self._left_out),
            suite_workloads=tuple(suites().get(self.plan.suite, ())),
        )

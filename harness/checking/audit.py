"""An audit of a results directory: which records can be compared, a sample of them, and what each repetition shows."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from harness.checking.apart import CallFailed, ProcessDied
from harness.checking.comparison import compared
from harness.checking.findings import Finding, Verdict
from harness.checking.obstacles import Survey, impossibility, obstacle_of
from harness.checking.repeat import Repeat, repeat_of
from harness.checking.sample import sampled
from harness.records import Status, TrialRecord
from harness.trial.process.memory_limit import MEMORY_EXIT

Listener = Callable[[Finding], None]

HELD_THE_INTERPRETER = 5.0
"""A process that died so many seconds after the limit, or later, was ended because of it."""


class Machine(Protocol):
    """What loads plug-ins and runs trials for an audit, away from its own process."""

    def survey(self, records: Sequence[TrialRecord]) -> list[Survey]:
        """Return what the plug-ins of this machine say of records of one submission.

        Raises:
            ProcessDied: while the plug-ins were loaded.
            CallFailed: there is no answer.
        """

    def run(self, repeat: Repeat) -> TrialRecord:
        """Return the record of a trial that is run again.

        Raises:
            ProcessDied: while it ran.
            CallFailed: it cannot be run.
        """


@dataclass(frozen=True)
class Chosen:
    """What an audit is going to compare.

    Attributes:
        records: to be run again, sorted by submission and workload.
        findings: of records that do not hold, without a repetition.
        left_out: {why records cannot be compared: how many}.
    """

    records: tuple[TrialRecord, ...]
    findings: tuple[Finding, ...]
    left_out: Counter[str]


class Audit:
    """Compares recorded trials with repetitions of them.

    Args:
        machine: where they run.
        limit: wall seconds per trial; None: `repeat.PATIENCE` times what it took when it was recorded.
    """

    def __init__(self, machine: Machine, *, limit: float | None = None) -> None:
        self._machine, self._limit = machine, limit

    def choose(self, records: Sequence[TrialRecord], count: int | None, seed: int) -> Chosen:
        """Return which records to run again, after a look at all of them that needs no repetition.

        Args:
            records: of a results directory.
            count: how many to run again; None: all that can be.
            seed: of the choice.
        """
        left_out: Counter[str] = Counter()
        findings: list[Finding] = []
        possible: list[TrialRecord] = []
        groups: dict[str, list[TrialRecord]] = {}
        for record in records:
            obstacle = obstacle_of(record)
            if obstacle:
                left_out[obstacle] += 1
            elif wrong := impossibility(record):
                findings.append(Finding(record.spec, Verdict.DIFFERS, f"it cannot be true: {wrong}"))
            else:
                groups.setdefault(record.spec.submission, []).append(record)
        for group in groups.values():
            for record, survey in zip(group, self._surveyed(group), strict=True):
                if survey.contradiction:
                    findings.append(Finding(record.spec, Verdict.DIFFERS, survey.contradiction))
                elif survey.obstacle:
                    left_out[survey.obstacle] += 1
                else:
                    possible.append(replace(record, spec=replace(record.spec, source=survey.source)))
        return Chosen(tuple(sampled(possible, count, seed)), tuple(findings), left_out)

    def _surveyed(self, group: Sequence[TrialRecord]) -> list[Survey]:
        try:
            return self._machine.survey(group)
        except (ProcessDied, CallFailed) as error:
            return [Survey(f"{group[0].spec.submission} cannot be loaded: {error}")] * len(group)

    def findings(self, records: Sequence[TrialRecord]) -> Iterator[Finding]:
        """Run these records' trials again, one by one, and yield what each shows."""
        for record in records:
            repeat = repeat_of(record, self._limit)
            finding = self._attempt(record, repeat) or self._attempt(record, repeat, last=True)
            assert finding is not None
            yield finding

    def _attempt(self, record: TrialRecord, repeat: Repeat, *, last: bool = False) -> Finding | None:
        """Return what one repetition shows; None where its process died and a second one may show more."""
        began = time.monotonic()
        try:
            return compared(record, self._machine.run(repeat))
        except ProcessDied as died:
            if time.monotonic() - began >= repeat.limit + HELD_THE_INTERPRETER:
                reason = f"over the time limit of {repeat.limit:g} s, in a call that holds the interpreter"
                return compared(record, _without_an_answer(record, Status.TIMEOUT, reason))
            if died.exit_code == MEMORY_EXIT:
                return compared(record, _without_an_answer(record, Status.OUT_OF_MEMORY, "over the memory limit"))
            return _died(record, died) if last else None
        except CallFailed as error:
            return Finding(record.spec, Verdict.NOT_COMPARED, f"it could not be run again: {error}")


def _without_an_answer(record: TrialRecord, status: Status, reason: str) -> TrialRecord:
    """Return what a process would have answered that a limit ended."""
    return replace(record, status=status, reason=reason, complete=False, ended_as="", evaluations=(), learning_rates=())


def _died(record: TrialRecord, died: ProcessDied) -> Finding:
    """Return the finding where two processes died: by a signal from outside, or by the trial's own doing."""
    twice = f"{died}, twice"
    if died.exit_code == -signal.SIGKILL:
        return Finding(record.spec, Verdict.NOT_COMPARED, f"{twice}: memory may have run short")
    return Finding(record.spec, Verdict.DIFFERS, f"{record.status} recorded; here {twice}")

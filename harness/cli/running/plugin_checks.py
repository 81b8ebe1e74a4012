"""The checks of a submission in a process of its own, in words."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.checking import Apart, CallFailed, ProcessDied
from harness.checking.checks.outcome import Outcome, Verdict, failed, left_out
from harness.checking.checks.table import Check, outcome_of
from harness.cli.app import plain_line
from harness.trial.process.machine_memory import default_memory
from harness.trial.process.memory_limit import MEMORY_EXIT, memory_limit

CPU_SECONDS = 60.0
"""CPU seconds after which a check is ended, since it hangs: each bounds its own steps to one to three."""

PATIENCE = 300.0
"""Wall seconds after which a check is ended that waits for something; a busy machine needs a while to start it."""

HUNG = (-signal.SIGPROF, -signal.SIGKILL)
"""Exit codes of a process that was ended because of `CPU_SECONDS` or `PATIENCE`."""


class PluginChecks:
    """Does checks one after the other.

    Args:
        name: of the submission.
        data_directory: where prepared data lie.
        memory: bytes that a check may take; by default as many as a trial alone on this machine.

    Attributes:
        outcomes: of the checks that were done.
    """

    def __init__(self, name: str, data_directory: Path, memory: int | None = None) -> None:
        self._name, self._data = name, str(data_directory)
        self._memory = default_memory(1) if memory is None else memory
        self._process = Apart()
        self._hung = ""
        self.outcomes: list[Outcome] = []

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def lines(self, checks: Sequence[Check], *, runs: bool = True) -> Iterator[str]:
        """Do checks, and yield a line of each.

        Args:
            checks: which.
            runs: whether the submission trains; without it the checks that need this are left out.
        """
        for check in checks:
            outcome = left_out("it does not run") if check.trains and not runs else self._outcome(check)
            self.outcomes.append(outcome)
            change = f"; {outcome.change}" if outcome.change else ""
            yield plain_line(f"{outcome.verdict}: {check.name}: {outcome.found}{change}")

    @property
    def failures(self) -> int:
        """How many checks have failed."""
        return sum(outcome.verdict == Verdict.FAILED for outcome in self.outcomes)

    def _outcome(self, check: Check) -> Outcome:
        if self._hung:
            return left_out(f"'{self._hung}' does not end")
        try:
            limits = (CPU_SECONDS, self._memory)
            verdict, found, change = self._process.call(limited, check.name, self._name, self._data, *limits, patience=PATIENCE)
            return Outcome(Verdict(verdict), str(found), str(change))
        except CallFailed as error:
            return failed(str(error), "see this line")
        except ProcessDied as died:
            if died.exit_code == MEMORY_EXIT:
                return failed(f"it takes more than {self._memory / 1e9:.2g} GB of memory", "keep less, or compute it in parts")
            if died.exit_code not in HUNG:
                return failed(f"the submission ended it: {died}", "return instead: call no exit() and no kill()")
            self._hung = check.name
            return failed("it does not end", "see that every loop ends")


def limited(check: str, submission: str, data_directory: str, cpu_seconds: float, memory: int) -> list[str]:
    """Return the outcome of a check; the process ends when it has used so many CPU seconds for it.

    Allocations beyond `memory` bytes fail as in a trial, and a process that stays above them ends with `MEMORY_EXIT`.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        with memory_limit(memory, own_process=True):
            return outcome_of(check, submission, data_directory)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)

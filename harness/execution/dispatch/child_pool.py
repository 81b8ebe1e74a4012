"""Workers in processes of this machine, which the driver itself keeps alive: what inline runs fall back to."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.execution.dispatch.deaths import Cause
from harness.execution.dispatch.failed_starts import FailedStarts
from harness.execution.dispatch.pools import Meeting, RunStopped
from harness.execution.dispatch.processes import exit_in_words, start, wait_or_kill
from harness.execution.dispatch.scratch import ScratchFolder

WORKER = "harness.execution.dispatch.child_worker"


class ChildPool:
    """Keeps `count` worker processes alive on this machine."""

    device = where = ""
    unusable: Mapping[str, str] = {}
    alive = None
    seen: frozenset[str] = frozenset()
    started = True

    def __init__(self, count: int = 1) -> None:
        self.concurrency = count
        self._meeting: Meeting | None = None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._known_dead: dict[str, str] = {}
        self._met: set[str] = set()
        self._started = 0
        self._starts = FailedStarts()
        self._folder = ScratchFolder()

    def concurrency_on(self, node: str) -> int:
        """Return how many trials run at a time."""
        return self.concurrency

    def leave_out(self, node: str) -> None:
        """Do nothing: there is one machine."""

    def start(self, meeting: Meeting) -> None:
        """Start the workers."""
        self._meeting = meeting
        self.keep()

    def met(self, about: Mapping[str, Any]) -> None:
        """Note that a worker has started."""
        self._met.add(str(about.get("key")))
        self._starts.succeeded()

    def keep(self) -> None:
        """Start a worker for each one that has ended.

        Raises:
            RunStopped: several in a row ended, or many were killed, before they had made themselves known.
        """
        assert self._meeting is not None
        for key, process in list(self._processes.items()):
            status = process.poll()
            if status is not None:
                del self._processes[key]
                self._known_dead[key] = exit_in_words(status)
                if process.stdin is not None:
                    process.stdin.close()
                if key not in self._met:
                    self._starts.ended(status)
        if self._starts.hopeless:
            raise RunStopped(f"worker processes do not start ({self._starts.hopeless}): {self._last_line()}")
        while len(self._processes) < self.concurrency and self._starts.may_go_on:
            self._started += 1
            key = str(self._started)
            address = self._meeting.address
            self._processes[key] = start(WORKER, address[0], str(address[1]), key, output=self._log, secret=self._meeting.token)

    def cause_of_death(self, about: Mapping[str, Any]) -> tuple[Cause, str] | None:
        """Return how a worker's process ended, once it has."""
        self.keep()
        words = self._known_dead.get(str(about.get("key")))
        return (Cause.OWN, words) if words is not None else None

    def kill(self, about: Mapping[str, Any]) -> None:
        """Kill a worker's process and its guard."""
        process = self._processes.get(str(about.get("key")))
        if process is not None:
            _kill(process)

    def close(self) -> None:
        """Kill all workers."""
        for process in self._processes.values():
            _kill(process)
        for process in self._processes.values():
            wait_or_kill(process)  # its worker ends with it in any case
            if process.stdin is not None:
                process.stdin.close()
        self._folder.remove()

    @property
    def _log(self) -> Path:
        return self._folder.path / "workers.log"

    def _last_line(self) -> str:
        with suppress(OSError, IndexError):
            return self._log.read_text(errors="replace").strip().splitlines()[-1][:300]
        return "they say nothing"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Have a guard end its worker, what that one has started, and itself; a plug-in may have stopped it."""
    for number in (signal.SIGTERM, signal.SIGCONT):
        with suppress(OSError):
            os.kill(process.pid, number)

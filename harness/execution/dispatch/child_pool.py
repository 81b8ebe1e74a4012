"""Workers in processes of this machine, which the driver itself keeps alive: what inline runs fall back to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from harness.execution.dispatch.child_guard import ChildGuard
from harness.execution.dispatch.deaths import Cause
from harness.execution.dispatch.failed_starts import FailedStarts
from harness.execution.dispatch.pools import Meeting, RunStopped
from harness.execution.dispatch.processes import exit_in_words
from harness.execution.dispatch.scratch import ScratchFolder


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
        self._guards: dict[str, ChildGuard] = {}
        self._free: list[ChildGuard] = []
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
        for key, guard in list(self._guards.items()):
            status = guard.ended()
            if status is not None:
                del self._guards[key]
                self._known_dead[key] = exit_in_words(status)
                if key not in self._met:
                    self._starts.ended(status)
                if guard.lives:
                    self._free.append(guard)
                else:
                    guard.close()
        if self._starts.hopeless:
            raise RunStopped(f"worker processes do not start ({self._starts.hopeless}): {self._last_line()}")
        while len(self._guards) < self.concurrency and self._starts.may_go_on:
            self._started += 1
            key = str(self._started)
            if self._free:
                self._guards[key] = self._free.pop()
                self._guards[key].go_on_with(key)
            else:
                self._guards[key] = ChildGuard(self._meeting, key, self._folder.path / "workers.log")

    def cause_of_death(self, about: Mapping[str, Any]) -> tuple[Cause, str] | None:
        """Return how a worker's process ended, once it has."""
        self.keep()
        words = self._known_dead.get(str(about.get("key")))
        return (Cause.OWN, words) if words is not None else None

    def kill(self, about: Mapping[str, Any]) -> None:
        """Kill a worker's process and its guard."""
        guard = self._guards.get(str(about.get("key")))
        if guard is not None:
            guard.end()

    def close(self) -> None:
        """Kill all workers."""
        guards = [*self._guards.values(), *self._free]
        for guard in guards:
            guard.end()
        for guard in guards:
            guard.close()
        self._folder.remove()

    def _last_line(self) -> str:
        with suppress(OSError, IndexError):
            return (self._folder.path / "workers.log").read_text(errors="replace").strip().splitlines()[-1][:300]
        return "they say nothing"

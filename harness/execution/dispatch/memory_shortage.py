"""Whether this machine is running out of memory: the kernel's counters of kills, and what is available."""

from __future__ import annotations

import time
from pathlib import Path

VMSTAT, MEMINFO = Path("/proc/vmstat"), Path("/proc/meminfo")
CGROUPS = Path("/sys/fs/cgroup")

ENOUGH = 0.1
"""Trials start again after a shortage once this share of the machine's memory is available."""


MOST_WAITING_SECONDS = 300.0
"""After a shortage, trials start again after this time even if it goes on: the workers themselves may hold the memory."""


class MemoryShortage:
    """Watches the memory of the machine on which it is made."""

    def __init__(self) -> None:
        self._kills = _kills()
        self._waiting_since: float | None = None

    def wait(self) -> None:
        """Start no trial before the memory is back."""
        self._waiting_since = time.monotonic()

    def holds_up(self) -> bool:
        """Return whether trials still wait for memory."""
        since = self._waiting_since
        if since is not None and (self.over() or time.monotonic() - since > MOST_WAITING_SECONDS):
            self._waiting_since = None
        return self._waiting_since is not None

    def has_killed(self) -> bool:
        """Return whether the kernel has killed a process for lack of memory since the last call."""
        before, self._kills = self._kills, _kills()
        return self._kills > before

    @staticmethod
    def over() -> bool:
        """Return whether enough memory is available to go on; true where the system does not say."""
        available, total = _memory()
        return available >= ENOUGH * total

    @staticmethod
    def available() -> str:
        """Return how much memory is available, in words."""
        available, total = _memory()
        return f"{available / 1e9:.1f} of {total / 1e9:.1f} GB"


def _memory() -> tuple[int, int]:
    """Return the available and the total memory of this machine in bytes; zeros where the system does not say."""
    return 1024 * _counter(MEMINFO, "MemAvailable:"), 1024 * _counter(MEMINFO, "MemTotal:")


def _kills() -> int:
    """Return how many processes the kernel has killed for lack of memory: on this machine, and in this process's cgroups."""
    try:
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").split()]
    except OSError:
        groups = []
    counters = {
        CGROUPS / ("memory" if "memory" in controllers.split(",") else "") / path.lstrip("/") / name
        for _, controllers, path in groups
        for name in ("memory.events", "memory.oom_control")  # of the second and the first version of cgroups
    }
    return sum(_counter(path, "oom_kill") for path in (VMSTAT, *counters))


def _counter(path: Path, name: str) -> int:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(words[1]) for words in map(str.split, lines) if words[:1] == [name]), 0)

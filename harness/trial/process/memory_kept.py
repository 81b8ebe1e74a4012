"""Gives back the memory that a trial used, and reports a process that keeps much more than it had."""

from __future__ import annotations

import ctypes
import gc

from harness.trial.process.memory_limit import resident_bytes

COLLECT_BYTES = 64 * 2**20
"""A trial that adds more than this to the resident size is followed by a full garbage collection."""

MOST_BYTES = 512 * 2**20
"""A process whose trials have together left more than this is to be replaced."""

_left: list[int] = []
"""Bytes that each trial of this process has left."""


class MemoryKept:
    """Remembers the resident size before a trial."""

    def __init__(self) -> None:
        self._before = resident_bytes()

    def give_back(self) -> list[str]:
        """Give memory back to the system where the trial took much; return in words whether too much is left."""
        now = resident_bytes()
        if self._before is None or now is None:
            return []
        if now - self._before > COLLECT_BYTES:
            gc.collect()
            trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
            if trim is not None:
                trim(0)
            now = resident_bytes() or now
        _left.append(max(now - self._before, 0))
        if sum(_left) <= MOST_BYTES:
            return []
        return [f"{sum(_left) / 2**20:.0f} MiB of memory that its trials took were not given back"]

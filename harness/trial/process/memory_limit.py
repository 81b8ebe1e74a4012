"""The memory limit of a trial: how much its process may allocate and keep resident above what it had before."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import _exit  # by name: a plug-in may patch the module
from pathlib import Path

from harness.trial.process.python_state import lowest_limit, set_soft_limit
from harness.trial.process.watcher import raise_in, watched

MEMORY_EXIT = 86
"""Exit status of a worker that has ended itself because it stayed above its memory limit."""

GRACE_SECONDS = 2.0
"""Seconds that a worker may stay above its limit before it ends itself. At twice the limit it does so at once."""

STATUS = Path("/proc/self/status")


_last_words: list[Callable[[], None]] = []


def before_memory_exit(say: Callable[[], None]) -> None:
    """Have `say` called before this process ends itself with `MEMORY_EXIT`."""
    _last_words[:] = [say]


class ResidentSizeExceeded(MemoryError):
    """The resident size is over the limit: the trial has filled memory that `RLIMIT_DATA` does not count."""

    def __str__(self) -> str:
        return "its resident memory, shared mappings included, is over the limit per worker"


@dataclass
class ResidentWatch:
    """Compares the resident size of this process, shared mappings included, with what a trial may add to it.

    Args:
        limit: bytes that the trial may add.
        before: resident bytes when it started.
        own_process: whether the process may be ended.

    Attributes:
        exceeded: whether the limit was ever exceeded.
    """

    limit: int
    before: int
    own_process: bool
    exceeded: bool = False
    _thread: int = field(default_factory=threading.get_ident)
    _since: float | None = None

    def look(self) -> None:
        """Raise `ResidentSizeExceeded` in the trial's thread while the size is over the limit; then end the process."""
        excess = (resident_bytes() or 0) - self.before - self.limit
        if excess <= 0:
            self._since = None
            return
        now = time.monotonic()
        if self._since is None:
            self._since, self.exceeded = now, True
            raise_in(self._thread, ResidentSizeExceeded)
        if self.own_process and (excess > self.limit or now - self._since > GRACE_SECONDS):
            for say in _last_words:
                say()
            _exit(MEMORY_EXIT)


@contextmanager
def memory_limit(limit: int | None, *, own_process: bool) -> Iterator[ResidentWatch | None]:
    """Make allocations fail inside once this process has `limit` bytes more than now; None is no limit.

    Private memory is limited by `RLIMIT_DATA`: an allocation above it raises `MemoryError`, or the error of torch's
    allocator. Shared mappings are not private, so the resident size is watched too: where it is over the limit,
    `ResidentSizeExceeded` is raised in the calling thread. Where there is no /proc, nothing is limited.

    Args:
        limit: bytes.
        own_process: end this process with `MEMORY_EXIT` where its resident size stays over the limit.
    """
    private, resident = private_bytes(), resident_bytes()
    if limit is None or private is None or resident is None:
        yield None
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    watch = ResidentWatch(limit, resident, own_process)
    resource.setrlimit(resource.RLIMIT_DATA, (lowest_limit(private + limit, soft, hard), hard))
    try:
        with watched(watch.look):
            yield watch
    finally:
        # Not without need: it leaves Python 3.11's flag for pending exceptions set, with which a tracer never returns.
        if watch.exceeded:
            raise_in(threading.get_ident(), None)
        set_soft_limit(resource.RLIMIT_DATA, soft)


def private_bytes() -> int | None:
    """Return how many bytes of private writable memory this process has mapped, as `RLIMIT_DATA` counts; None if unknown."""
    return _sum_of("VmData:")


def resident_bytes() -> int | None:
    """Return how many bytes this process keeps in memory, without the pages of files; None if unknown."""
    return _sum_of("RssAnon:", "RssShmem:")


def _sum_of(*names: str) -> int | None:
    try:
        text = STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(names))

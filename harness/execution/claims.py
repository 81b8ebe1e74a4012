"""Which run executes which trial, where several runs share a results directory.

A run holds a lease for as long as it lives, and claims each trial before it starts it. The claim of a run that died is taken
over by the next run that wants the trial.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BEAT_SECONDS = 5.0
"""How often a run renews its lease."""

LEASE_SECONDS = 60.0
"""A run on another machine counts as dead once its lease has not been renewed for this long. On this machine, the operating
system says at once whether it lives."""

LOCK_SECONDS = 20.0
"""An operation on claims takes a millisecond. A process that has held the lock for so long stands still, and is not waited for:
at worst a trial then runs twice."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_THREADS = threading.RLock()
_LEASES_OF_THIS_PROCESS: set[str] = set()


@dataclass(frozen=True)
class Claim:
    """What a run got when it claimed a trial.

    Attributes:
        after_death: another run had claimed it and died.
    """

    after_death: bool


class Claims:
    """The claims of one run in a results directory. The first claim starts the lease; `close` releases it and every claim.

    Each operation holds a lock on a file of the directory, so it is atomic between processes and machines; where the file
    system has no locks, the exclusive creation of a claim's file is all that protects it.

    Args:
        directory: the results directory.
    """

    def __init__(self, directory: Path) -> None:
        self._folder = directory / ".claims"
        self._lease = f"run-{uuid.uuid4().hex[:12]}.json"
        self._file: int | None = None
        self._claimed: set[str] = set()
        self._observed: dict[str, tuple[int, float]] = {}
        self._closed = threading.Event()

    def close(self) -> None:
        """Release every claim and the lease; failures to remove files are ignored, because a dead lease means the same."""
        self._closed.set()
        for trial in sorted(self._claimed):
            self.release(trial)
        if self._file is None:
            return
        _LEASES_OF_THIS_PROCESS.discard(self._lease)
        with suppress(OSError):
            (self._folder / self._lease).unlink()
        os.close(self._file)
        self._file = None

    def take(self, trial: str) -> Claim | None:
        """Claim a trial by its id; return None if a living run has claimed it.

        Raises:
            OSError: the directory cannot be written.
        """
        if self._file is None:
            self._open()
        path = self._folder / trial
        with self._locked():
            holder = _text(path)
            if holder is not None and holder != self._lease and self._lives(holder):
                return None
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                os.write(handle, self._lease.encode())
            finally:
                os.close(handle)
            self._claimed.add(trial)
            return Claim(after_death=holder is not None and holder != self._lease)

    def release(self, trial: str) -> None:
        """Give a claim back, after the trial's record was written or when it will not run."""
        self._claimed.discard(trial)
        with suppress(OSError):
            (self._folder / trial).unlink()

    def remove_settled(self, recorded: Iterable[str]) -> None:
        """Remove the claims that dead runs hold on trials that have a record: they were killed before they gave them back."""
        present = {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()
        for trial in present.intersection(recorded):
            with self._locked(), suppress(OSError):
                if not self._lives(_text(self._folder / trial) or ""):
                    (self._folder / trial).unlink()

    def is_claimed_elsewhere(self, trial: str) -> bool:
        """Return whether a living run other than this one has claimed a trial."""
        holder = _text(self._folder / trial)
        return holder is not None and holder != self._lease and self._lives(holder)

    def holder(self, trial: str) -> str:
        """Return, in words, which process has claimed a trial."""
        lease = _lease_content(self._folder / (_text(self._folder / trial) or "-"))
        return f"process {lease.get('pid', '?')} on {lease.get('host', '?')}"

    def _open(self) -> None:
        """Write the lease, and renew it from a thread until `close`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / self._lease
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        os.write(self._file, json.dumps(_this_process()).encode())
        with suppress(OSError):
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _LEASES_OF_THIS_PROCESS.add(self._lease)
        with self._locked():
            self._remove_dead_leases()
        threading.Thread(target=self._renew, name="timetrial-lease", daemon=True).start()

    def _renew(self) -> None:
        while not self._closed.wait(BEAT_SECONDS):
            with suppress(OSError):
                os.utime(self._folder / self._lease)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _THREADS:
            handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                _lock(handle)
                yield
            finally:
                os.close(handle)

    def _lives(self, lease: str) -> bool:
        """Return whether the run that holds a lease is alive, as far as this machine can tell."""
        if lease in _LEASES_OF_THIS_PROCESS:
            return True  # its file must not be opened here: closing it would release the lock
        if not re.fullmatch(r"run-\w+\.json", lease):
            return False  # a damaged claim
        path = self._folder / lease
        try:
            renewed = path.stat().st_mtime_ns
        except OSError:
            return False
        if _lease_content(path).get("boot") == _this_process()["boot"]:
            locked = _is_locked(path)
            if locked is not None:
                return locked
        before, since = self._observed.setdefault(lease, (renewed, time.monotonic()))
        if renewed != before:
            self._observed[lease] = renewed, time.monotonic()
            return True
        return time.monotonic() - since < LEASE_SECONDS

    def _remove_dead_leases(self) -> None:
        for path in self._folder.glob("run-*.json"):
            if not self._lives(path.name):
                path.unlink(missing_ok=True)


def _lock(handle: int) -> None:
    """Lock a file, unless the file system has no locks, or another process keeps it locked for `LOCK_SECONDS`."""
    deadline = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except (BlockingIOError, PermissionError):
            time.sleep(0.002)
        except OSError:
            return


def _is_locked(path: Path) -> bool | None:
    """Return whether another process holds the lock on a file; None where the file system cannot tell."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    except OSError:
        return None
    else:
        return False
    finally:
        os.close(handle)


def _this_process() -> dict[str, Any]:
    host = socket.gethostname()
    boot = _text(BOOT_ID)
    return {"host": host, "pid": os.getpid(), "boot": boot or host}


def _lease_content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_text(path) or "{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None

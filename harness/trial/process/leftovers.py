"""Threads and child processes that a trial left behind."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

WAIT_SECONDS = 0.3
"""How long threads may take to end after their trial."""

ROUNDS = 5
"""How often children are killed: those of a killed child may become children of this process."""

SERVICES = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "torch/_inductor/compile_worker", "loky")
"""Part of the command line of processes that a library keeps for later use in this process."""

SERVICE_FOLDERS = ("/torch/_inductor/", "/torch/_dynamo/", "/ray/")
"""Part of the path of code whose threads belong to a library, or to the executor."""

PR_SET_CHILD_SUBREAPER = 36

PROCESSES = Path("/proc")


class Leftovers:
    """Remembers the threads and children of this process; `remove` ends new children and names new threads.

    Args:
        own_process: whether this process is a worker's own: orphans of the trial then become its children, and children of
            all threads are the trial's. In the user's process only those of this thread are.
    """

    def __init__(self, *, own_process: bool) -> None:
        self._own_process = own_process
        if own_process:
            adopt_orphans()
        self._threads = set(sys._current_frames())
        self._children = set(self._present())

    def remove(self) -> list[str]:
        """Kill the children that the trial left, and return in words what is left of it."""
        left = self._new_threads()
        children = self._new_children()
        if left or children:
            gc.collect()  # what ends with an object of the trial
            deadline = time.monotonic() + WAIT_SECONDS
            while (left := self._new_threads()) and time.monotonic() < deadline:
                time.sleep(0.01)
        for _ in range(ROUNDS):
            children = self._new_children()
            if not children:
                break
            _kill(children)
        found = {"a thread": left, "a process": self._new_children()}
        return [f"{what} that it started is still running" for what, running in found.items() if running]

    def _new_threads(self) -> list[int]:
        frames = sys._current_frames()
        return [thread for thread in frames.keys() - self._threads if not _is_of_a_service(frames[thread])]

    def _new_children(self) -> list[int]:
        if not _has_children():
            return []
        return [child for child in self._present() if child not in self._children and not _is_service(child)]

    def _present(self) -> Iterator[int]:
        if not _has_children():
            return
        if self._own_process:
            yield from _children("self")
        else:
            yield from _children_of(PROCESSES / "self" / "task" / str(threading.get_native_id()))


def end_descendants() -> None:
    """Kill everything below this process, which must be the one that orphans come to (`adopt_orphans`), and wait for it."""
    for _ in range(ROUNDS):
        if not (children := list(_children("self"))):
            return
        _kill(children)


def _has_children() -> bool:
    """Return whether this process has any children, dead ones included; true where that cannot be found out."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return (PROCESSES / "self").exists()


def _children_of(task: Path) -> list[int]:
    try:
        return [int(word) for word in (task / "children").read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []


def _children(process: int | str) -> Iterator[int]:
    """Yield the children of all threads of a process."""
    tasks = PROCESSES / str(process) / "task"
    for task in tasks.iterdir() if tasks.exists() else ():
        yield from _children_of(task)


def _descendants(process: int) -> Iterator[int]:
    for child in _children(process):
        yield child
        yield from _descendants(child)


def _kill(children: list[int]) -> None:
    """Kill children and their descendants, and wait for the children."""
    for process in [each for child in children for each in (child, *_descendants(child))]:
        try:
            os.kill(process, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    deadline = time.monotonic() + WAIT_SECONDS
    for child in children:
        while _runs(child) and time.monotonic() < deadline:
            time.sleep(0.001)


def _runs(child: int) -> bool:
    """Return whether a child still runs; one that has ended is taken off the list of processes."""
    try:
        return os.waitpid(child, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False


def _is_service(process: int) -> bool:
    """Return whether a child is one that a library keeps; a fork of this process, which has its command line, is none."""
    command = _command_line(str(process))
    return command != _command_line("self") and any(part in command for part in SERVICES)


def _command_line(process: str) -> str:
    try:
        return (PROCESSES / process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _is_of_a_service(frame: FrameType | None) -> bool:
    while frame is not None:
        if any(folder in frame.f_code.co_filename for folder in SERVICE_FOLDERS):
            return True
        frame = frame.f_back
    return False


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents have ended (Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

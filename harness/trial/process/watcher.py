"""A thread that looks after a running trial a few times per second, and can raise an exception in the trial's thread."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

PERIOD_SECONDS = 0.1
"""Seconds between two looks."""

THREAD_NAME = "timetrial watcher"


@contextmanager
def watched(*looks: Callable[[], None]) -> Iterator[None]:
    """Call each of `looks` every `PERIOD_SECONDS` while the body runs, in a thread of its own."""
    if not looks:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_look, name=THREAD_NAME, daemon=True, args=(looks, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _look(looks: Sequence[Callable[[], None]], stop: threading.Event) -> None:
    while not stop.wait(PERIOD_SECONDS):
        for look in looks:
            look()


def raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Raise an exception of a class in another thread, between two of its instructions; None takes back one that is due.

    A call that does not return to the interpreter is not interrupted.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)

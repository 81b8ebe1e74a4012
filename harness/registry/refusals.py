"""Calls that a plug-in may not make, because they would end, replace or interrupt the process that runs its trial."""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from os import getpgrp, getpid, getppid  # by name: a plug-in may patch the module
from typing import Any

from harness.contracts.errors import ContractError


def _always(*_arguments: Any) -> bool:
    return True


def _is_ours(process: int, number: int = signal.SIGTERM) -> bool:
    """Return whether this signal would reach this process or its parent; 0 sends none."""
    return number != 0 and process in (getpid(), getppid(), 0, -1, -getpgrp())


def _is_our_group(group: int, number: int = signal.SIGTERM) -> bool:
    return number != 0 and group in (0, getpgrp())


CALLS: tuple[tuple[Any, str, Callable[..., bool]], ...] = (
    (os, "kill", _is_ours),
    (os, "killpg", _is_our_group),
    (os, "_exit", _always),
    (os, "abort", _always),
    (os, "execv", _always),
    (os, "execve", _always),
    (signal, "raise_signal", _always),
    (signal, "pthread_kill", lambda thread, number: number != 0),
    (_thread, "interrupt_main", _always),
)
"""(module, function, whether a call with these arguments is refused)."""


@contextmanager
def calls_refused() -> Iterator[None]:
    """Refuse `CALLS` with a `ContractError` while the body runs, in its process alone: a child may end itself.

    Threads that ran before, such as the executor's, may make them. A call that does not go through these functions of
    Python, in C for instance, is not refused.
    """
    replaced = [(module, name, getattr(module, name)) for module, name, _ in CALLS if hasattr(module, name)]
    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    running = [getpid()]

    def refusing(module: Any, name: str, original: Callable[..., Any], refused: Callable[..., bool]) -> Callable[..., Any]:
        @wraps(original)
        def call(*arguments: Any, **keywords: Any) -> Any:
            inside = running == [getpid()] and threading.get_ident() not in others
            if inside and refused(*arguments, **keywords):
                raise ContractError(f"{module.__name__}.{name}() would end or interrupt the process that runs the trial")
            return original(*arguments, **keywords)

        return call

    for module, name, refused in CALLS:
        if hasattr(module, name):
            setattr(module, name, refusing(module, name, getattr(module, name), refused))
    try:
        yield
    finally:
        running.clear()  # a plug-in may keep the function
        for module, name, original in replaced:
            setattr(module, name, original)

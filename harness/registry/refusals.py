"""Calls that a plug-in may not make: they would end, replace or interrupt the process that runs its trial, or stay in it."""

from __future__ import annotations

import _thread
import os
import signal
import sys
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


ENDS = "would end or interrupt the process that runs the trial"
STAYS = "cannot be taken back in the process that runs the trial"

CALLS: tuple[tuple[Any, str, Callable[..., bool], str], ...] = (
    (os, "kill", _is_ours, ENDS),
    (os, "killpg", _is_our_group, ENDS),
    (os, "_exit", _always, ENDS),
    (os, "abort", _always, ENDS),
    (os, "execv", _always, ENDS),
    (os, "execve", _always, ENDS),
    (signal, "raise_signal", _always, ENDS),
    (signal, "pthread_kill", lambda thread, number: number != 0, ENDS),
    (_thread, "interrupt_main", _always, ENDS),
    (sys, "addaudithook", _always, STAYS),
)
"""(module, function, whether a call with these arguments is refused, why)."""


@contextmanager
def calls_refused() -> Iterator[None]:
    """Refuse `CALLS` with a `ContractError` while the body runs, in its process alone: a child may end itself.

    Threads that ran before, such as the executor's, may make them. A call that does not go through these functions of
    Python, in C for instance, is not refused.
    """
    replaced = [(module, name, getattr(module, name)) for module, name, *_ in CALLS if hasattr(module, name)]
    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    running = [getpid()]

    def refusing(module: Any, name: str, refused: Callable[..., bool], why: str) -> Callable[..., Any]:
        original: Callable[..., Any] = getattr(module, name)

        @wraps(original)
        def call(*arguments: Any, **keywords: Any) -> Any:
            inside = running == [getpid()] and threading.get_ident() not in others
            if inside and refused(*arguments, **keywords):
                raise ContractError(f"{module.__name__}.{name}() {why}")
            return original(*arguments, **keywords)

        return call

    for module, name, refused, why in CALLS:
        if hasattr(module, name):
            setattr(module, name, refusing(module, name, refused, why))
    try:
        yield
    finally:
        running.clear()  # a plug-in may keep the function
        for module, name, original in replaced:
            setattr(module, name, original)

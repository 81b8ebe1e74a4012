"""The state that the interpreter and the operating system keep per process, as facets."""

from __future__ import annotations

import gc
import os
import random
import resource
import signal
import sys
import threading
import warnings
from typing import Any

import numpy as np

from harness.trial.process.facets import Facet, identical, never

RESOURCES = {value: name for name, value in vars(resource).items() if name.startswith("RLIMIT_")}

SIGNALS = tuple(sorted(set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}))

TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)

HOOKS = ("stdin", "stdout", "stderr", "displayhook", "excepthook", "unraisablehook", "breakpointhook", "path", "modules")
"""Attributes of `sys` that must stay the same objects."""


def python_facets() -> tuple[Facet, ...]:
    """Return the facets of the interpreter and of the process, those first on which restoring the others may depend."""
    main = threading.current_thread() is threading.main_thread()
    return (*LIMITING, *(SIGNALLING if main else ()), *OTHERS)


def lowest_limit(*values: int) -> int:
    """Return the lowest of some resource limits; `resource.RLIM_INFINITY`, a negative number, is the highest.

    >>> lowest_limit(resource.RLIM_INFINITY, 5), lowest_limit(resource.RLIM_INFINITY) == resource.RLIM_INFINITY
    (5, True)
    """
    return min((value for value in values if value != resource.RLIM_INFINITY), default=resource.RLIM_INFINITY)


def set_soft_limit(which: int, soft: int) -> None:
    """Set a soft resource limit, as far as the hard one, which a trial may have lowered, allows it."""
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (lowest_limit(soft, hard), hard))


def _resource_limits() -> dict[int, tuple[int, int]]:
    return {which: resource.getrlimit(which) for which in RESOURCES}


def _set_resource_limits(values: dict[int, tuple[int, int]]) -> None:
    for which, (soft, hard) in values.items():
        try:
            resource.setrlimit(which, (soft, hard))
        except (ValueError, OSError):
            set_soft_limit(which, soft)


def _set_gc(value: tuple[bool, tuple[int, int, int], int]) -> None:
    enabled, thresholds, debug = value
    (gc.enable if enabled else gc.disable)()
    gc.set_threshold(*thresholds)
    gc.set_debug(debug)


def _set_tracing(value: tuple[Any, ...]) -> None:
    sys.settrace(value[0])
    sys.setprofile(value[1])
    threading.settrace(value[2])
    threading.setprofile(value[3])


def _set_hooks(values: list[Any]) -> None:
    for name, value in zip(HOOKS, values, strict=True):
        setattr(sys, name, value)


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


def _set_handlers(values: list[Any]) -> None:
    for number, handler in zip(SIGNALS, values, strict=True):
        if handler is not None and signal.getsignal(number) is not handler:  # None: it was not set by Python
            signal.signal(number, handler)


def _timers() -> list[bool]:
    return [signal.getitimer(timer)[0] > 0 for timer in TIMERS]


def _set_timers(running: list[bool]) -> None:
    for timer, was_running in zip(TIMERS, running, strict=True):
        if not was_running:
            signal.setitimer(timer, 0)


def _directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109  a path object would be of no use here
    except FileNotFoundError:  # it was removed
        return None


def _set_directory(path: str | None) -> None:
    if path is not None:
        os.chdir(path)


def _umask() -> int:
    mask = os.umask(0o077)  # it can only be read by setting it
    os.umask(mask)
    return mask


def _set_environment(values: dict[str, str]) -> None:
    for name in os.environ.keys() - values.keys():
        del os.environ[name]
    os.environ.update(values)


def _set_path(entries: list[str]) -> None:
    """Restore the import path; what was added stays, since an import may have added it, but is searched last."""
    added = [entry for entry in sys.path if entry not in entries]
    sys.path[:] = [*entries, *dict.fromkeys(added)]


def _set_finders(values: tuple[list[Any], list[Any]]) -> None:
    lists: tuple[list[Any], list[Any]] = (sys.meta_path, sys.path_hooks)
    for present, before in zip(lists, values, strict=True):
        present[:] = [*before, *(entry for entry in present if entry not in before)]


def _set_filters(value: tuple[list[Any], list[Any]]) -> None:
    filters, entries = value
    setattr(warnings, "filters", filters)  # noqa: B010  the type checker takes it for a constant
    filters[:] = entries
    forget_shown_warnings()


def forget_shown_warnings() -> None:
    """Make warnings that are shown once per place be shown again, so that no trial depends on an earlier one."""
    with warnings.catch_warnings():
        pass  # entering and leaving it starts a new count


def _set_gc_callbacks(values: list[Any]) -> None:
    gc.callbacks[:] = values


def _starts_with(before: list[Any], now: list[Any]) -> bool:
    return now[: len(before)] == before


def _start_with(before: tuple[list[Any], ...], now: tuple[list[Any], ...]) -> bool:
    return all(map(_starts_with, before, now))


def _same_filters(before: tuple[list[Any], list[Any]], now: tuple[list[Any], list[Any]]) -> bool:
    return before[0] is now[0] and before[1] == now[1]


LIMITING = (
    Facet("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Facet("a resource limit", _resource_limits, _set_resource_limits),
    Facet("a limit on the digits of integers", sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    Facet(
        "a trace or profile function",
        lambda: (sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()),
        _set_tracing,
    ),
    Facet("a hook or stream of sys", lambda: [getattr(sys, name, None) for name in HOOKS], _set_hooks, identical),
)

SIGNALLING = (
    Facet("a handler of signals", _handlers, _set_handlers, identical),
    Facet("a timer", _timers, _set_timers, lambda before, now: now <= before),
    Facet(
        "the mask of blocked signals",
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        lambda value: signal.pthread_sigmask(signal.SIG_SETMASK, value),
    ),
)
"""Facets that only the main thread may set."""

OTHERS = (
    Facet("garbage collection", lambda: (gc.isenabled(), gc.get_threshold(), gc.get_debug()), _set_gc),
    Facet("a callback of garbage collection", lambda: list(gc.callbacks), _set_gc_callbacks, identical),
    Facet("the switch interval of threads", sys.getswitchinterval, sys.setswitchinterval),
    Facet("the working directory", _directory, _set_directory),
    Facet("the umask", _umask, os.umask),
    Facet("the environment", lambda: dict(os.environ), _set_environment),
    Facet("the import path", lambda: list(sys.path), _set_path, _starts_with),
    Facet("an importer", lambda: (list(sys.meta_path), list(sys.path_hooks)), _set_finders, _start_with),
    Facet("the filters of warnings", lambda: (warnings.filters, list(warnings.filters)), _set_filters, _same_filters),
    Facet("the floating-point errors of NumPy", np.geterr, lambda value: np.seterr(**value)),
    Facet("the random numbers of Python", random.getstate, random.setstate, never),
    Facet("the random numbers of NumPy", np.random.get_state, np.random.set_state, never),
)

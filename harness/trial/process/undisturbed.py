"""Keeps what a plug-in has set in its process out of what the harness does between the plug-in's turns, while no clock runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from gc import callbacks, disable, enable, isenabled  # by name, as what follows: a plug-in may patch the module
from importlib import import_module
from sys import getprofile, gettrace, setprofile, settrace
from typing import Any

import torch
from torch._C import (
    _len_torch_dispatch_stack,
    _len_torch_function_stack,
    _pop_torch_function_stack,
    _push_on_torch_function_stack,
)
from torch.utils._python_dispatch import _pop_mode, _push_mode

from harness.trial.process.facets import Facet
from harness.trial.process.python_state import SIGNALS
from harness.trial.process.torch_state import torch_facets

JUDGED_BY = (
    *("torch's default device", "autocast", "torch's default type", "the precision of float32 products"),
    "flushing of denormal numbers",
)
"""Facets of torch on which the value of a metric depends, and which somebody may have set for good reasons while training."""

_signal: Any = import_module("_signal")
"""What `signal` wraps, which makes a name of each number and handler: that would take as long as all the rest here."""

MONITORING: Any = getattr(sys, "monitoring", None)
"""Python's, from 3.12 on."""


class Undisturbed:
    """What was set when a trial began: a user's tracer stays, and so do the handlers of the trial's own limits.

    Args:
        device: where the trial trains.
    """

    def __init__(self, device: torch.device) -> None:
        self._signals = tuple(map(int, SIGNALS)) if threading.current_thread() is threading.main_thread() else ()
        self._handlers = [_signal.getsignal(number) for number in self._signals]
        self._callbacks = list(callbacks)
        self._trace, self._profile = gettrace(), getprofile()
        self._monitored = _monitored()
        self._modes = _len_torch_function_stack(), _len_torch_dispatch_stack()
        self._facets = [(facet, facet.read()) for facet in torch_facets(device) if facet.name in JUDGED_BY]
        self._suspended: list[Callable[[], object]] = []

    def suspend(self) -> None:
        """Suspend what would run unasked: functions that trace or profile, collections of garbage, with their callbacks and
        finalisers, and handlers of signals. To be called on the plug-in's clock: what runs until then is on it.
        """
        if (trace := gettrace()) is not self._trace:
            settrace(self._trace)
            self._suspended.append(partial(settrace, trace))
        if (profile := getprofile()) is not self._profile:
            setprofile(self._profile)
            self._suspended.append(partial(setprofile, profile))
        if isenabled():
            disable()
            self._suspended.append(enable)
        if callbacks != self._callbacks:
            self._suspended.append(partial(callbacks.__setitem__, slice(None), list(callbacks)))
            callbacks[:] = self._callbacks
        for tool, events in _monitored().items():
            if events != (before := self._monitored.get(tool, 0)):
                MONITORING.set_events(tool, before)
                self._suspended.append(partial(MONITORING.set_events, tool, events))
        for number, before in zip(self._signals, self._handlers, strict=True):
            handler = _signal.getsignal(number)
            if handler is not before and callable(handler):
                _signal.signal(number, before if callable(before) else _signal.SIG_IGN)
                self._suspended.append(partial(_signal.signal, number, handler))

    def resume(self) -> None:
        """Take back what `suspend` did. To be called on the plug-in's clock."""
        while self._suspended:
            self._suspended.pop()()

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Compute inside as when the trial began: without the plug-in's modes of torch, and in the precision that there was."""
        functions = [_pop_torch_function_stack() for _ in range(self._modes[0], _len_torch_function_stack())]
        dispatches = [_pop_mode() for _ in range(self._modes[1], _len_torch_dispatch_stack())]
        theirs: list[tuple[Facet, Any]] = []
        try:
            for facet, before in self._facets:
                now = facet.read()
                if not facet.same(before, now):
                    theirs.append((facet, now))
                    facet.write(before)
            yield
        finally:
            for facet, now in theirs:
                facet.write(now)
            for mode in reversed(dispatches):
                _push_mode(mode)
            for mode in reversed(functions):
                _push_on_torch_function_stack(mode)


def _monitored() -> dict[int, int]:
    """Return {tool: the events of the interpreter for which it is called}."""
    tools = range(6) if MONITORING is not None else ()
    return {tool: MONITORING.get_events(tool) for tool in tools if MONITORING.get_tool(tool) is not None}

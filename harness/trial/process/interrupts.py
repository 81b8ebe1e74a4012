"""What tells an interrupt from outside, Ctrl-C or a signal to terminate, from an exception that a plug-in raised itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from harness.trial.process.pending import forget, remember

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_raised: list[BaseException] = []
"""What the handlers of these signals have raised in the present trial, or in the last one."""


class _Noting:
    """A handler of a signal that notes what the earlier handler raised: only this comes from outside.

    A plug-in that raises `KeyboardInterrupt` itself calls no handler, and the calls by which it could send a signal to
    this process are refused (`harness.registry.refusals`).
    """

    def __init__(self, handler: Callable[[int, FrameType | None], Any]) -> None:
        self._handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        try:
            self._handler(number, frame)
        except BaseException as error:
            _raised.append(error)
            remember(error)
            raise


@contextmanager
def interrupts_noted() -> Iterator[None]:
    """Note interrupts from outside while the body runs, and raise the first again at the end if the body caught it.

    Only handlers that were set in Python can be observed, and only in the main thread; elsewhere nothing is changed.
    """
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    noted = any(isinstance(handler, _Noting) for handler in handlers.values())
    if noted or threading.current_thread() is not threading.main_thread():
        yield
        return
    _raised.clear()
    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, _Noting(handler))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, handler)
        for error in _raised:
            forget(type(error))
            raise error


def is_from_outside(error: BaseException) -> bool:
    """Return whether an exception is one that a handler of a signal from outside has raised in this trial."""
    return any(error is other for other in _raised)

"""Explains the exception that ended a trial in one line, and tells whether it came from outside the trial."""

from __future__ import annotations

import signal
import traceback
from pathlib import Path

HARNESS = Path(__file__).resolve().parents[1]
"""The folder of the package `harness`: a frame in it is not the plug-in's."""

MAX_MESSAGE = 1000
"""Characters of an exception's message in a reason; the traceback that the trial leaves has all of them."""


def is_from_outside(error: BaseException) -> bool:
    """Return whether an exception does not come from the trial: Ctrl-C, or what a handler of SIGTERM raised."""
    handler = getattr(signal.getsignal(signal.SIGTERM), "__code__", None)
    raised = (frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__))
    return isinstance(error, KeyboardInterrupt) or any(code is handler for code in raised)


def explain(error: BaseException) -> str:
    """Return an exception as one line: type, message, and the innermost line of the plug-in that led to it."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001  a plug-in's own exception may raise while it is converted to text
        text = "its message cannot be read"
    message = " ".join(text.encode("utf-8", "replace").decode().split())
    message = message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]} ..."
    frames = traceback.extract_tb(error.__traceback__)
    outside = [f for f in frames if "site-packages" not in f.filename and not Path(f.filename).is_relative_to(HARNESS)]
    where = f" ({Path(outside[-1].filename).name}:{outside[-1].lineno})" if outside else ""
    return f"{type(error).__name__}: {message}{where}" if message else f"{type(error).__name__}{where}"

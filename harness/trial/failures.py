"""What ended a trial by an exception, in one line, and whether the exception came from outside."""

from __future__ import annotations

import signal
import traceback
from pathlib import Path

HARNESS = Path(__file__).resolve().parents[1]
"""The folder of this package: its frames are not the plug-in's."""


def told_to_end(error: BaseException) -> bool:
    """Return whether an error comes from outside, not from a plug-in: Ctrl-C, or the handler of a signal to terminate."""
    handler = getattr(signal.getsignal(signal.SIGTERM), "__code__", None)
    raised = (frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__))
    return isinstance(error, KeyboardInterrupt) or any(code is handler for code in raised)


def explain(error: BaseException) -> str:
    """Return an exception as one line: type, message, and the place in the plug-in nearest to it."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001  a plug-in's own exception may raise in its own words
        text = "it does not say why"
    message = " ".join(text.encode("utf-8", "replace").decode().split())
    frames = traceback.extract_tb(error.__traceback__)
    outside = [f for f in frames if "site-packages" not in f.filename and not Path(f.filename).is_relative_to(HARNESS)]
    where = f" ({Path(outside[-1].filename).name}:{outside[-1].lineno})" if outside else ""
    return f"{type(error).__name__}: {message}{where}" if message else f"{type(error).__name__}{where}"

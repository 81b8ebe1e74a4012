"""What the import of a plug-in raised, as one line; and whether a user's Ctrl-C was the cause."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from harness.contracts.errors import BadInput
from harness.contracts.messages import display_path, said


@contextmanager
def noted_interrupts() -> Iterator[list[int]]:
    """Yield a list that contains a number for each interrupt from outside (Ctrl-C) while the block ran.

    Without it a KeyboardInterrupt that a plug-in raises could not be told from the user's.
    """
    previous = signal.getsignal(signal.SIGINT)
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield seen
        return

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        previous(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, previous)


def import_error(path: Path, error: BaseException) -> BadInput:
    """Return the error of an import as one line that names the file and the line."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).resolve() == path]
    where = f"{display_path(path)}, line {lines[-1]}" if lines and lines[-1] else display_path(path)
    if isinstance(error, BadInput):
        return type(error)(f"{where}: {error}")
    if isinstance(error, ModuleNotFoundError) and error.name:
        return BadInput(f"{where}: needs the module '{error.name}', which is not installed here")
    return BadInput(f"{where}: {said(error)}")

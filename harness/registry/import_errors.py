"""What ends the import of a plug-in: its error as one line, a user's Ctrl-C, or the limit of an import's time."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from harness.contracts.errors import BadInput, ContractError
from harness.contracts.messages import display_path, said

IMPORT_SECONDS = 120.0
"""Wall time after which an import ends. Large libraries take seconds, on a busy machine up to a minute."""

AGAIN_SECONDS = 0.5
"""The alarm of an import that goes on all the same rings again after so long."""


class ImportTimeout(BaseException):
    """An import took too long. Not an `Exception`, so that a plug-in's own handlers do not catch it."""


@contextmanager
def import_limit() -> Iterator[None]:
    """Raise `ImportTimeout` inside after `IMPORT_SECONDS`, unless an alarm is set: a trial's limit counts its imports."""
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def expire(_signal: int, _frame: FrameType | None) -> None:
        raise ImportTimeout

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, IMPORT_SECONDS, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
        kind = ContractError if isinstance(error, ContractError) else BadInput  # its own class may be the plug-in's
        return kind(f"{where}: {_message(error)}")
    if isinstance(error, ImportTimeout):
        return BadInput(
            f"{where}: the import had not ended after {IMPORT_SECONDS:g} s; leave to a function what need not run then"
        )
    if isinstance(error, ModuleNotFoundError) and error.name:
        return BadInput(f"{where}: needs the module '{error.name}', which is not installed here")
    return BadInput(f"{where}: {said(error)}")


def _message(error: BadInput) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a plug-in's own exception may raise while it is converted to text
        return said(error)

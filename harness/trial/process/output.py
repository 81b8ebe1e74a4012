"""What a trial prints: kept, up to a size, instead of being written to the terminal."""

from __future__ import annotations

import fcntl
import io
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from harness.trial.process.breakpoints import breakpoints_at_terminal
from harness.trial.process.text import cleaned
from harness.trial.process.watcher import watched

KEPT_BYTES = 2**15
"""Of a long output, this much of its beginning and of its end is kept."""

MOST_BYTES = 2**22
"""The file that receives the output of a worker is emptied when it is longer."""


class Kept:
    """The beginning and the end of a stream of bytes."""

    def __init__(self) -> None:
        self._head, self._tail, self._size = bytearray(), bytearray(), 0

    def add(self, content: bytes, dropped: int = 0) -> None:
        """Add bytes to the end, after `dropped` ones that are not there any more."""
        self._size += len(content) + dropped
        missing = KEPT_BYTES - len(self._head)
        self._head += content[:missing]
        self._tail += content[max(missing, 0) :]
        if len(self._tail) > 2 * KEPT_BYTES:
            del self._tail[:-KEPT_BYTES]

    def content(self) -> bytes:
        """Return what is kept, as clean UTF-8; a line says how much is left out."""
        tail = self._tail[-KEPT_BYTES:]
        left_out = self._size - len(self._head) - len(tail)
        note = f"\n[... {left_out} bytes left out ...]\n".encode() if left_out else b""
        return cleaned((bytes(self._head) + note + bytes(tail)).decode("utf-8", "backslashreplace")).encode()


@contextmanager
def output_kept(kept: Kept, *, own_process: bool) -> Iterator[None]:
    """Keep what the body prints to standard output and standard error in `kept`.

    In a process of its own the file descriptors 1 and 2 are redirected, so that what code in C prints is kept too. In the
    user's process only `sys.stdout` and `sys.stderr` are, and only for threads that do not run yet: a thread of the driver
    goes on to write where it did, such as the one that draws the progress bar. There `breakpoint()` opens the debugger at the
    terminal.

    In both cases the descriptors 0, 1 and 2 are what they were afterwards, even if the body closed them.
    """
    with _descriptors_kept(), _file_kept(kept) if own_process else _streams_kept(kept):
        yield


@contextmanager
def _descriptors_kept() -> Iterator[None]:
    saved: dict[int, int] = {}
    for number in (0, 1, 2):
        with suppress(OSError):  # it is closed already
            saved[number] = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3)
    try:
        yield
    finally:
        for number, copy in saved.items():
            if _identity(number) != _identity(copy):
                os.dup2(copy, number)
            os.close(copy)


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def _file_kept(kept: Kept) -> Iterator[None]:
    """Redirect the descriptors 1 and 2, `sys.stdout` and `sys.stderr` to a file without a name; read it afterwards.

    A pipe would need a thread that empties it, and a call that holds the interpreter while it prints would wait for ever.
    """
    try:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    except OSError:  # no folder for temporary files: nothing is kept, and the trial runs
        yield
        return
    with file:
        fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)
        stream = open(os.dup(file.fileno()), "w", 1, "utf-8", "backslashreplace")  # noqa: PTH123, SIM115
        streams = sys.stdout, sys.stderr
        for each in streams:
            _flush(each)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = stream
        try:
            with watched(lambda: _empty(file, kept, MOST_BYTES)):
                yield
        finally:
            sys.stdout, sys.stderr = streams
            with suppress(OSError, ValueError):  # the body may have closed it
                stream.close()
            _empty(file, kept, 0)


def _empty(file: io.FileIO, kept: Kept, most: int) -> None:
    """Move the content of a file that is longer than `most` bytes into `kept`: its beginning and its end."""
    size = os.fstat(file.fileno()).st_size
    if size <= most:
        return
    head = os.pread(file.fileno(), 2 * KEPT_BYTES, 0)
    kept.add(head)
    if size > len(head):
        tail = os.pread(file.fileno(), KEPT_BYTES, max(size - KEPT_BYTES, len(head)))
        kept.add(tail, size - len(head) - len(tail))
    os.ftruncate(file.fileno(), 0)


def _flush(stream: Any) -> None:
    with suppress(Exception):  # it may be None, closed, or full
        stream.flush()


class _Log(io.TextIOBase):
    """A text stream that keeps what is written to it."""

    encoding, errors = "utf-8", "backslashreplace"

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.buffer = _Buffer(kept)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._kept.add(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def close(self) -> None:
        """Stay open: the plug-in's next print must not fail."""


class _Buffer(io.RawIOBase):
    """The binary stream below a `_Log`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def write(self, content: Any) -> int:
        data = bytes(content)
        self._kept.add(data)
        return len(data)

    def writable(self) -> bool:
        return True


class _ByThread:
    """A stream that is one stream for some threads and another one for all others."""

    def __init__(self, streams: Callable[[], Any]) -> None:
        object.__setattr__(self, "_streams", streams)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._streams(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._streams(), name, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._streams())


@contextmanager
def _streams_kept(kept: Kept) -> Iterator[None]:
    """Replace `sys.stdout` and `sys.stderr`: for this thread and later ones they are the log, for others what they were."""
    driver = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    log = _Log(kept)
    before = sys.stdout, sys.stderr

    def for_thread(original: Any) -> Callable[[], Any]:
        return lambda: original if threading.get_ident() in driver else log

    sys.stdout, sys.stderr = (_ByThread(for_thread(original)) for original in before)
    try:
        with breakpoints_at_terminal():
            yield
    finally:
        sys.stdout, sys.stderr = before

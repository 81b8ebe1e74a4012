"""Quiet downloads by torchvision, only from servers that answer in time; a failure is one line."""

from __future__ import annotations

import contextlib
import errno
import io
import socket
import threading
import zlib
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

PROBE_SECONDS = 5.0
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)


class NoAnswer(Exception):
    """A source of the data does not work; the message is one line."""


def dataset_class(name: str) -> Any:
    """Return a class of torchvision.datasets.

    Raises:
        NoAnswer: torchvision cannot be imported.
    """
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError, OSError) as error:
        raise NoAnswer(f"cannot be imported ({line(error)})") from error
    return getattr(datasets, name)


def download(dataset: Any, address: str, folder: Path) -> None:
    """Let a torchvision dataset class download itself into `folder`, if the server of `address` answers a test request.

    Raises:
        NoAnswer: the server does not answer, or what came is not what torchvision expects.
        OSError: the disk is full or cannot be written.
    """
    if not _reachable(address):
        raise NoAnswer("its server does not answer")
    try:
        with _quiet(), _socket_timeout(20.0):
            dataset(str(folder), download=True)
    except (OSError, RuntimeError, HTTPException, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno in DISK:
            raise
        raise NoAnswer(f"the download failed ({line(error)})") from error


def line(error: Exception) -> str:
    """Return the first line of an error's message, cut to the length of a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:150]


def _reachable(address: str) -> bool:
    """Return whether a web server answers within `PROBE_SECONDS`; in a thread, since name look-ups have no time limit."""
    answered = threading.Event()

    def ask() -> None:
        with (
            contextlib.suppress(OSError, HTTPException, ValueError),
            urlopen(Request(address, method="HEAD"), timeout=PROBE_SECONDS),
        ):
            answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return answered.is_set()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)

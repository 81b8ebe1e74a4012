"""Python processes of our own that end when the process that started them does, and that a terminal's Ctrl-C does not reach."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

START = "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]); importlib.import_module(sys.argv[2]).main()"
"""The import path is the starting process's own: what it can import, this process can."""

PR_SET_PDEATHSIG = 1

END_SECONDS = 5.0
"""A process of ours that was told to end takes no longer than this."""


def start(
    module: str,
    *arguments: str,
    output: Path,
    secret: str,
    env: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a module of ours in a Python process of its own: its function `main` is called.

    Args:
        module: its full name.
        arguments: what `arguments_and_secret` returns there.
        output: file to which standard output and error are appended.
        secret: the first line of its standard input, which stays open for as long as this process lives.
        env: additions to the environment.
        keep_open: descriptors that it inherits.
    """
    with output.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, json.dumps(sys.path), module, *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(keep_open),
            env={**os.environ, **(env or {})},
        )
    write_secret(process, secret)
    return process


def write_secret(process: subprocess.Popen[bytes], secret: str) -> None:
    """Write a line to the standard input of a process that `start` returned."""
    assert process.stdin is not None
    with suppress(OSError):  # it has died already, which its exit status will say
        process.stdin.write(f"{secret}\n".encode())
        process.stdin.flush()


def arguments_and_secret() -> tuple[list[str], str]:
    """Return what `start` gave this process."""
    return sys.argv[3:], read_secret()


def read_secret() -> str:
    """Return the next line of standard input, of which nothing stays in buffers; "" at its end."""
    secret = bytearray()
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        secret += byte
    return secret.decode()


def end_with_parent(by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent dies; where it cannot, nothing happens."""
    with suppress(OSError, AttributeError):
        library: Any = ctypes.CDLL(None, use_errno=True)
        library.prctl(PR_SET_PDEATHSIG, by, 0, 0, 0)


def wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    """Wait for a guard that was told to end; after `END_SECONDS`, have it end all that is below it; in the end, kill it."""
    for end in (process.terminate, process.kill):
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            end()
    process.wait()


def exit_in_words(status: int | None) -> str:
    """Return how a process ended, in words."""
    if status is None:
        return "it still runs"
    if status < 0:
        with suppress(ValueError):
            return f"by signal {signal.Signals(-status).name}"
        return f"by signal {-status}"
    return f"it ended with exit status {status}"


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore further interrupts from the keyboard: what runs inside takes seconds at most."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: Any = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

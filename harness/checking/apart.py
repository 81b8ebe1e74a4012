"""Calls in a process of its own: what a plug-in changes, prints or ends there reaches nothing here."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")

PRELOADED = ("torch", "torch._dynamo", "harness.trial.loop", "harness.plan")
"""What processes have imported when they start, where they can be forked from a server that has never run a plug-in."""


class ProcessDied(Exception):
    """The process ended before it answered.

    Attributes:
        exit_code: as `multiprocessing` gives it; negative: the number of a signal.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"its process died ({_words(exit_code)})")
        self.exit_code = exit_code


class Apart:
    """A process that answers calls, started with the first one and again after `close`."""

    def __init__(self) -> None:
        self._process: Any = None
        self._connection: Connection | None = None

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Return what `function`, of a module, returns in the process; raise what it raises there.

        Raises:
            ProcessDied: the process ended first.
        """
        if self._connection is None:
            self._start()
        assert self._connection is not None
        try:
            self._connection.send((function, arguments))
            wait([self._connection, self._process.sentinel])
            if self._connection.poll():
                answered, value = self._connection.recv()
                if answered:
                    result: Result = value
                    return result
                raise value
        except (EOFError, ConnectionError):
            pass
        except KeyboardInterrupt:
            self.close()
            raise
        self._process.join()
        exit_code = int(self._process.exitcode or 0)
        self.close()
        raise ProcessDied(exit_code)

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
            with suppress(OSError):  # with all that its plug-ins have left behind
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.join()
            self._process = self._connection = None

    def _start(self) -> None:
        methods = multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            context.set_forkserver_preload(list(PRELOADED))
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, Path.cwd()), daemon=True)
        self._process.start()
        theirs.close()


def _serve(connection: Connection, directory: Path) -> None:
    """Answer calls until the caller is gone. Nothing is printed, and Ctrl-C is the caller's to handle.

    `directory` is the caller's working directory, relative to which plug-ins are found.
    """
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(directory)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    while True:
        try:
            function, arguments = connection.recv()
        except (EOFError, ConnectionError):
            return
        try:
            answer: tuple[bool, Any] = (True, function(*arguments))
        except Exception as error:  # noqa: BLE001  the caller decides what to do about it
            answer = (False, error)
        connection.send(answer)


def _words(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit status {exit_code}"

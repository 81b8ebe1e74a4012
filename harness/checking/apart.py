"""Calls in a process of its own: what a plug-in changes, prints or ends there reaches nothing here."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from harness.contracts.errors import BadInput, ContractError
from harness.contracts.workloads import DataUnavailable
from harness.trial.process.breakpoints import pass_over_breakpoints

PRELOADED = ("torch", "torch._dynamo", "harness.trial.loop", "harness.plan", "harness.registry.built_in")
"""What processes have imported when they start, where they can be forked from a server that has never run a plug-in."""

LONGEST_ANSWER = 100_000_000
"""Bytes of an answer."""


class ProcessDied(Exception):
    """The process ended, or was ended, before it answered.

    Attributes:
        exit_code: as `multiprocessing` gives it; negative: the number of a signal.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"its process died ({_words(exit_code)})")
        self.exit_code = exit_code


class CallFailed(Exception):
    """What was called raised an exception, or answered what is no answer; the text says why in one line."""


class Apart:
    """A process that answers calls, started with the first one and again after `close`.

    An answer is JSON text: whatever a plug-in makes of the process, it cannot send an object that runs code here.
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._connection: Connection | None = None

    def call(self, function: Callable[..., Any], *arguments: Any, patience: float) -> Any:
        """Return the JSON value that `function`, of a module, returns in the process.

        Args:
            function: called with `arguments`.
            patience: seconds after which a process that has not answered is ended.

        Raises:
            ProcessDied: the process ended first.
            CallFailed: the function raised an exception.
        """
        if self._connection is None:
            self._start()
        assert self._connection is not None
        try:
            self._connection.send((function, arguments))
            wait([self._connection, self._process.sentinel], patience)
            text = self._connection.recv_bytes(LONGEST_ANSWER) if self._connection.poll() else b""
        except (EOFError, OSError):
            text = b""
        except KeyboardInterrupt:
            self.close()
            raise
        if not text:
            self._process.join(1.0)
            exit_code = self._process.exitcode
            self.close()
            raise ProcessDied(-signal.SIGKILL if exit_code is None else int(exit_code))
        try:
            answer = json.loads(text)
            error, value = str(answer["error"]), answer["value"]
        except (ValueError, TypeError, KeyError) as wrong:
            raise CallFailed(f"its process sent what is no answer ({type(wrong).__name__})") from None
        if error:
            raise CallFailed(error)
        return value

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
    pass_over_breakpoints()
    while True:
        try:
            function, arguments = connection.recv()
        except (EOFError, ConnectionError):
            return
        try:
            text = json.dumps({"error": "", "value": function(*arguments)}, allow_nan=False)
        except (BadInput, ContractError, DataUnavailable) as error:
            text = json.dumps({"error": str(error), "value": None})
        except Exception as error:  # noqa: BLE001  the caller decides what to do about it
            text = json.dumps({"error": f"{type(error).__name__}: {error}", "value": None})
        connection.send_bytes(text.encode())


def _words(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit status {exit_code}"

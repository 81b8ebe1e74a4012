"""Judges parts of a plan before a worker starts, in a process of its own: none of them can harm the run."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from typing import Protocol

from harness.contracts.errors import BadInput
from harness.trial.process.breakpoints import pass_over_breakpoints
from harness.trial.process.memory_limit import memory_limit

SECONDS = 10.0
"""What takes longer is not judged here: the time limit of its trials does that."""

BYTES = 2**31
"""Memory that one process may take."""

LONGEST_LINE = 2**16
FORK = multiprocessing.get_context("fork")
"""A forked process has loaded all that a plug-in needs."""


class Checked(Protocol):
    """Something of a plan that a process of its own judges."""

    def problem(self) -> str:
        """Return what is wrong in one line, "" if nothing is."""


def check_apart(some: Sequence[Checked]) -> None:
    """Judge each in a forked process, with a limit of time and memory; what ends that process, or hangs, is not judged.

    Raises:
        BadInput: one of them has a problem.
    """
    while some:
        some = some[_checked(some) + 1 :]


def _checked(some: Sequence[Checked]) -> int:
    """Judge some in a process of their own; return the index of the last one that is judged, or that ended the process."""
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_judge, args=(some, sender))
    process.start()
    sender.close()
    try:
        for index in range(len(some)):
            try:
                line = receiver.recv_bytes(LONGEST_LINE).decode("utf-8", "replace") if receiver.poll(SECONDS) else None
            except (EOFError, OSError):
                line = None
            if line is None:
                return index
            if line:
                raise BadInput(line)
    finally:
        process.kill()
        process.join()
        receiver.close()
    return len(some) - 1


def _judge(some: Iterable[Checked], sender: Connection) -> None:
    """Send what is wrong with each in turn, quietly, and end this process without its parent's clean-up."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(quiet, descriptor)
    pass_over_breakpoints()
    try:
        with memory_limit(BYTES, own_process=True):
            for item in some:
                sender.send_bytes(item.problem().encode("utf-8", "replace")[:LONGEST_LINE])
    finally:
        os._exit(0)

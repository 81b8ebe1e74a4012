"""Runs a function in a process of its own, which may not harm the machine."""

from __future__ import annotations

import pickle
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from harness.trial.process.memory_limit import private_bytes
from tests.execution.forks import FORKS

MOST_BYTES = 3 * 10**9
"""Private memory that such a process can have at most, above what it starts with."""


class Ended(NamedTuple):
    """How such a process ended: its exit status, and what the function returned, or None."""

    status: int | None
    value: Any


def in_a_process(function: Callable[..., Any], *arguments: Any, seconds: float = 60) -> Ended:
    """Call `function` in a new process and wait for it."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        process = FORKS.Process(target=_call, args=(function, arguments, str(answer)))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            return Ended(None, None)
        return Ended(process.exitcode, pickle.loads(answer.read_bytes()) if answer.exists() else None)


def _call(function: Callable[..., Any], arguments: tuple[Any, ...], answer: str) -> None:
    import torch

    torch.set_num_threads(1)
    private = private_bytes()
    if private is not None:
        most = private + MOST_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    Path(answer).write_bytes(pickle.dumps(function(*arguments)))

"""Explains the exception that ended a trial in one line, and tells whether it came from outside the trial."""

from __future__ import annotations

import signal
import traceback
from pathlib import Path

import torch

from harness.records import Status
from harness.trial.process.time_limit import TrialTimeout

HARNESS = Path(__file__).resolve().parents[2]
"""The folder of the package `harness`: a frame in it is not the plug-in's."""

MAX_MESSAGE = 1000
"""Characters of an exception's message in a reason; the traceback that the trial leaves has more of them."""

OUT_OF_MEMORY_TEXTS = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "out of memory",
    "ALLOC_FAILED",
    "std::bad_alloc",
    "Cannot allocate memory",
)
"""Part of the text of a `RuntimeError` or `OSError` that says that memory ran out: of PyTorch's allocators, CUDA, cuBLAS,
cuDNN, the C++ library and the system."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that memory ran out, on the host or on an accelerator."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError | OSError) and any(text in _text(error) for text in OUT_OF_MEMORY_TEXTS)


def status_of(error: BaseException) -> Status:
    """Return how a trial ended that an exception ended."""
    if isinstance(error, TrialTimeout):
        return Status.TIMEOUT
    return Status.OUT_OF_MEMORY if is_out_of_memory(error) else Status.FAILED


def is_from_outside(error: BaseException) -> bool:
    """Return whether an exception does not come from the trial: Ctrl-C, or what a handler of SIGTERM raised."""
    handler = getattr(signal.getsignal(signal.SIGTERM), "__code__", None)
    raised = (frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__))
    return isinstance(error, KeyboardInterrupt) or any(code is handler for code in raised)


def explain(error: BaseException) -> str:
    """Return an exception as one line: type, message, and the innermost line of the plug-in that led to it."""
    if isinstance(error, TrialTimeout):
        return str(error)
    message = " ".join(_text(error).encode("utf-8", "replace").decode().split())
    message = message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]} ..."
    frames = traceback.extract_tb(error.__traceback__)
    outside = [f for f in frames if "site-packages" not in f.filename and not Path(f.filename).is_relative_to(HARNESS)]
    where = f" ({Path(outside[-1].filename).name}:{outside[-1].lineno})" if outside else ""
    return f"{type(error).__name__}: {message}{where}" if message else f"{type(error).__name__}{where}"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001  a plug-in's own exception may raise while it is converted to text
        return "its message cannot be read"

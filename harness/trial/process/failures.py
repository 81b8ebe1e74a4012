"""Explains the exception that ended a trial: its status, one line, and the whole traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

import torch

from harness.records import Status, shortened
from harness.trial.process.text import cleaned, one_line
from harness.trial.process.time_limit import TrialTimeout

HARNESS = Path(__file__).resolve().parents[2]
"""The folder of the package `harness`: a frame in it is not the plug-in's."""

MAX_MESSAGE = 1000
"""Characters of an exception's message in a reason; the traceback that the trial leaves has more of them."""

MAX_NAME = 200
"""Characters of an exception's name, and of a file's name, in a reason."""

TRACEBACK_BYTES = 2**16
"""Largest size of the traceback that a trial leaves."""

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


def explain(error: BaseException) -> str:
    """Return an exception as one clean line: type, message, and the innermost line of the plug-in that led to it."""
    if isinstance(error, TrialTimeout):
        return str(error)
    message, where = one_line(_text(error), MAX_MESSAGE), _place(error)
    name = one_line(type.__dict__["__name__"].__get__(type(error)), MAX_NAME)  # its metaclass may say something else
    return f"{name}: {message}{where}" if message else f"{name}{where}"


def full_traceback(error: BaseException) -> bytes:
    """Return the traceback of an exception, its causes included, as clean UTF-8; a long one loses its middle."""
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001  parts of it come from the plug-in
        text = f"its traceback cannot be written\n{explain(error)}\n"
    return shortened(cleaned(text).encode(), TRACEBACK_BYTES)


def _place(error: BaseException) -> str:
    """Return " (FILE:LINE)" of the innermost line outside of the harness and of libraries, or ""."""
    try:
        frames = traceback.extract_tb(error.__traceback__)
        outside = [f for f in frames if "site-packages" not in f.filename and not Path(f.filename).is_relative_to(HARNESS)]
        return f" ({one_line(Path(outside[-1].filename).name, MAX_NAME)}:{outside[-1].lineno})" if outside else ""
    except Exception:  # noqa: BLE001  a plug-in may compile code under any file name
        return ""


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001  a plug-in's own exception may raise while it is converted to text
        return "its message cannot be read"

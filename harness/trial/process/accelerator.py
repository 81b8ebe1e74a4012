"""What an accelerator keeps of a trial: an error after which it no longer computes, and memory that was not given back."""

from __future__ import annotations

import gc

import torch

from harness.trial.process.failures import explain, is_out_of_memory

LOST_TEXTS = (
    "CUDA error:",
    "HIP error:",
    "CUBLAS_STATUS_EXECUTION_FAILED",
    "CUBLAS_STATUS_INTERNAL_ERROR",
    "CUDNN_STATUS_EXECUTION_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR",
    "NCCL error",
)
"""Part of the text of a `RuntimeError` with which a library of an accelerator reports what its driver told it."""

MOST_BYTES = 512 * 2**20
"""A process whose trials have together left more than this reserved on the accelerator is to be replaced."""

_left: list[int] = []
"""Bytes that each trial of this process has left reserved."""


def is_accelerator(device: torch.device) -> bool:
    """Return whether a device has kernels of its own and a clock of its own."""
    return device.type not in ("cpu", "meta")


def leaves_device_unusable(error: BaseException) -> bool:
    """Return whether after an exception the accelerator may no longer compute in this process.

    After an illegal access, a device-side assert and the like every later call of the same process fails with the error of
    the first one; only a new process helps. An error of the accelerator that is not known to be harmless counts, and so does
    one that caused another exception. A lack of memory does not: what was allocated is freed, and the next trial runs.
    """
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        if _is_of_accelerator(each) and not is_out_of_memory(each):
            return True
        each = each.__cause__ or each.__context__
    return False


def _is_of_accelerator(error: BaseException) -> bool:
    if isinstance(error, torch.AcceleratorError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  a plug-in's own exception may raise while it is converted to text
        return False
    return any(part in text for part in LOST_TEXTS)


def why_unusable(device: torch.device) -> str:
    """Return in words why a device does not compute; "" if it does. A small product is computed and waited for."""
    try:
        ones = torch.ones(2, 2, device=device)
        if bool(((ones @ ones) == 2).all()):
            return ""
    except Exception as error:  # noqa: BLE001  whatever it is, the device did not compute
        return f"{device} does not compute ({explain(error)})"
    return f"{device} computes wrong numbers"


class AcceleratorKept:
    """Remembers how much memory this process has reserved on the accelerator before a trial; does nothing on a CPU.

    Args:
        device: where the trial trains.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._is_accelerator = is_accelerator(device)
        self._before = torch.accelerator.memory_reserved(device) if self._is_accelerator else 0

    def give_back(self) -> list[str]:
        """Give memory back where the trial took some, and return in words what keeps this process from another trial."""
        if not self._is_accelerator:
            return []
        try:
            _left.append(max(self._kept(), 0))
        except Exception as error:  # noqa: BLE001  as in `why_unusable`
            return [f"{self._device} does not compute ({explain(error)})"]
        if unusable := why_unusable(self._device):
            return [unusable]
        if sum(_left) <= MOST_BYTES:
            return []
        return [f"{sum(_left) / 2**20:.0f} MiB of the accelerator's memory that its trials took were not given back"]

    def _kept(self) -> int:
        """Return how many bytes more than before are reserved, after everything that is not in use was given back."""
        if torch.accelerator.memory_reserved(self._device) > self._before:
            gc.collect()
            torch.accelerator.empty_cache()
        return torch.accelerator.memory_reserved(self._device) - self._before

"""How an accelerator computes during a trial: arranged for every submission, so that the trial gives the same bits again.

On a CPU nothing is arranged: one thread and torch's own defaults give the same bits.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import torch

from harness.trial.process.accelerator import is_accelerator
from harness.trial.process.float32_precision import compute_exactly

WORKSPACE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
"""Environment variable, and its value, with which cuBLAS computes the same bits on every stream; read by its first call."""


def arrange_process(device: torch.device) -> None:
    """Set what libraries read once per process; to be called before anything is computed on `device`."""
    if is_accelerator(device):
        os.environ.setdefault(*WORKSPACE)


def arrange(device: torch.device, *, deterministic: bool = True) -> None:
    """Set how `device` computes; whoever calls this restores torch's state afterwards.

    Products of float32 numbers are computed in float32 (no TF32); a workload whose products may be less exact says so by its
    precision. Algorithms are deterministic where torch has such ones; where it has none (the gradient of CTC, for example)
    it computes as ever, and two runs may differ in the last bits.

    Args:
        device: where the trial trains.
        deterministic: false leaves the choice of algorithms to torch.
    """
    if not is_accelerator(device):
        return
    compute_exactly()
    torch.backends.cudnn.benchmark = False  # it times algorithms, and the quickest one is not always the same
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    torch._C._set_deterministic_fill_uninitialized_memory(False)  # it finds errors, and takes a pass over each new tensor
    warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation")


def arrangement(device: torch.device) -> dict[str, Any]:
    """Return what `arrange` sets on a device, for the record; nothing on a CPU."""
    if not is_accelerator(device):
        return {}
    return {
        "matmul_precision": "highest",
        "tf32": False,
        "deterministic": "where torch has a deterministic algorithm",
        "cublas_workspace": os.environ.get(WORKSPACE[0], ""),
    }

"""Stands in for ``algoperf.pytorch_utils``: one process on one device."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def pytorch_setup() -> tuple[bool, int, torch.device, int]:
    """Return whether several processes train (never), the rank, the device, and the number of devices."""
    return False, 0, torch.device("cuda:0" if torch.cuda.is_available() else "cpu"), 1


def sync_ddp_time(time: float, device: torch.device) -> float:
    """Return the time itself: there is one process."""
    return time


def update_batch_norm_fn(module: nn.Module, update_batch_norm: bool) -> None:
    """Freeze the running statistics of a BatchNorm layer, or let them move again; other modules are left alone."""
    if not isinstance(module, _BatchNorm):
        return
    if not update_batch_norm:
        if not hasattr(module, "momentum_backup"):
            module.momentum_backup = module.momentum  # type: ignore[assignment]
        module.momentum = 0.0
    elif hasattr(module, "momentum_backup"):
        module.momentum = module.momentum_backup  # type: ignore[assignment]

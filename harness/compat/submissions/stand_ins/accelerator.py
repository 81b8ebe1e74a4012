"""Stands in for the accelerator that a submission names where the trial has none: its tensors are then made on the CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

NAME = "cuda"


class OnCpu(TorchFunctionMode):
    """While it is active, a device named "cuda" in a call of torch is the CPU, and ``Tensor.cuda()`` changes nothing."""

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        """Call the function with the CPU in place of the accelerator."""
        if function is torch.Tensor.cuda:
            return arguments[0]
        keywords = {key: _on_cpu(value) for key, value in (keywords or {}).items()}
        return function(*map(_on_cpu, arguments), **keywords)


def _on_cpu(value: Any) -> Any:
    if isinstance(value, str):
        return "cpu" if value.partition(":")[0] == NAME else value
    return torch.device("cpu") if isinstance(value, torch.device) and value.type == NAME else value

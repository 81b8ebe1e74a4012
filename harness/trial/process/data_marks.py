"""Notices that the data of a workload, which a worker keeps for later trials, were changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

SAMPLED = 512
"""So many values of each tensor, evenly spaced, are compared."""


def data_marks(data: Mapping[str, Mapping[str, Tensor]]) -> list[Any]:
    """Return what differs once a tensor was replaced or written to, as torch's own counter of writes and a sample see it."""
    with torch._C.DisableTorchFunction(), torch.no_grad():
        return [(part, name, *_mark(tensor)) for part, tensors in data.items() for name, tensor in tensors.items()]


def _mark(tensor: Tensor) -> tuple[Any, ...]:
    place = id(tensor), tensor.data_ptr(), tensor.shape, tensor.dtype
    if tensor.is_inference() or not tensor.is_contiguous() or not tensor.numel():
        return place
    sample = tensor.detach().view(-1)[:: max(tensor.numel() // SAMPLED, 1)]
    return *place, tensor._version, sample.contiguous().view(torch.uint8).numpy().tobytes()

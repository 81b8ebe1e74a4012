"""How a forward pass of AlgoPerf's interface runs: its mode, frozen statistics, and another dropout rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd


@contextmanager
def forward_mode(model: nn.Module, *, train: bool, update_batch_norm: bool, dropout_rate: float | None) -> Iterator[None]:
    """Put a model into a mode while the body runs, and back afterwards.

    Args:
        model: whose modules are changed.
        train: whether it is in training mode.
        update_batch_norm: whether running statistics move; without, batches are still normalised by their own.
        dropout_rate: of all dropout layers; None leaves each as it is.
    """
    was = {module: module.training for module in model.modules()}
    changed: list[tuple[Any, str, Any]] = []

    def put(module: Any, name: str, value: Any) -> None:
        changed.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    try:
        model.train(train)
        for module in was:
            if isinstance(module, _BatchNorm) and not update_batch_norm:
                put(module, "momentum", 0.0)
            if dropout_rate is not None and isinstance(module, _DropoutNd):
                put(module, "p", dropout_rate)
            if dropout_rate is not None and isinstance(module, nn.RNNBase | nn.MultiheadAttention):
                put(module, "dropout", dropout_rate)
        yield
    finally:
        for module, name, value in reversed(changed):
            setattr(module, name, value)
        for module, training in was.items():
            module.training = training

"""The state that torch keeps per process: a trial must not pass any of it on to the next trial."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules import module as modules

from harness.contracts.errors import ContractError


@contextmanager
def restored(device: torch.device) -> Iterator[None]:
    """Restore grad mode, default type, precision, autocast, threads and hooks on all modules, whatever happened inside."""
    kinds = sorted({"cpu", device.type} - {"meta"})
    grad, dtype, precision = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_float32_matmul_precision()
    autocast = {kind: torch.is_autocast_enabled(kind) for kind in kinds}
    cudnn = {name: getattr(torch.backends.cudnn, name) for name in ("allow_tf32", "benchmark", "deterministic", "enabled")}
    threads, hooks = torch.get_num_threads(), {name: dict(value) for name, value in _hooks().items()}
    try:
        yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_float32_matmul_precision(precision)
        for kind, enabled in autocast.items():
            torch.set_autocast_enabled(kind, enabled)
        for name, value in cudnn.items():
            setattr(torch.backends.cudnn, name, value)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        for name, value in _hooks().items():
            value.clear()
            value.update(hooks.get(name, {}))


def check_hooks() -> None:
    """Check that no hook is registered for all modules of the process.

    Raises:
        ContractError: one is.
    """
    if any(_hooks().values()):
        raise ContractError("a hook is registered for all modules of the process: register it on a module of task.model")


def _hooks() -> dict[str, dict[Any, Any]]:
    return {name: value for name, value in vars(modules).items() if name.startswith("_global_") and isinstance(value, dict)}

"""What torch keeps for the whole process, held as it was: a trial must leave nothing of it to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules import module as modules

from harness.contracts import ContractError


@contextmanager
def kept(device: torch.device) -> Iterator[None]:
    """Give back grad mode, default type, precision, autocast and hooks on all modules, whatever happened inside."""
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
    """See that no hook waits for the modules of the whole process.

    Raises:
        ContractError: one does.
    """
    if any(_hooks().values()):
        raise ContractError("a hook is registered for all modules of the process: register it on a module of task.model")


def _hooks() -> dict[str, dict[Any, Any]]:
    return {name: value for name, value in vars(modules).items() if name.startswith("_global_") and isinstance(value, dict)}

"""Stands in for ``torch.distributed`` and ``torch.distributed.nn``: the calls of one process among one.

What is not answered here is torch's own.
"""

from __future__ import annotations

from typing import Any

import torch.distributed as real
import torch.distributed.nn as real_nn


class _Done:
    """A collective operation that has ended."""

    def wait(self, *_arguments: Any) -> bool:
        """Return at once."""
        return True

    def is_completed(self) -> bool:
        """Return that it has ended."""
        return True


class _OneProcess:
    """A module whose collective operations have one participant; a reduction over it changes nothing."""

    def is_available(self) -> bool:
        """Return that distributed calls are answered."""
        return True

    def is_initialized(self) -> bool:
        """Return that there is a group: of one process."""
        return True

    def init_process_group(self, *_arguments: Any, **_keywords: Any) -> None:
        """Do nothing: the group of one process is there."""

    def destroy_process_group(self, *_arguments: Any, **_keywords: Any) -> None:
        """Do nothing: the group of one process stays."""

    def get_rank(self, *_arguments: Any, **_keywords: Any) -> int:
        """Return the rank of the only process."""
        return 0

    def get_world_size(self, *_arguments: Any, **_keywords: Any) -> int:
        """Return how many processes there are."""
        return 1

    def barrier(self, *_arguments: Any, **_keywords: Any) -> None:
        """Return at once."""

    def __getattr__(self, name: str) -> Any:
        return getattr(real, name)


class _InPlace(_OneProcess):
    """``torch.distributed``: results are written into tensors."""

    def all_reduce(self, tensor: Any, *_arguments: Any, async_op: bool = False, **_keywords: Any) -> Any:
        """Leave the tensor as it is."""
        return _Done() if async_op else None

    broadcast = reduce = all_reduce

    def all_gather(self, tensors: list[Any], tensor: Any, *_arguments: Any, async_op: bool = False, **_keywords: Any) -> Any:
        """Copy the tensor into the only one of `tensors`."""
        tensors[0].copy_(tensor)
        return _Done() if async_op else None

    def all_gather_into_tensor(
        self, output: Any, tensor: Any, *_arguments: Any, async_op: bool = False, **_keywords: Any
    ) -> Any:
        """Copy the tensor into the output."""
        output.copy_(tensor.view_as(output))
        return _Done() if async_op else None

    reduce_scatter_tensor = all_gather_into_tensor

    def all_gather_object(self, objects: list[Any], item: Any, *_arguments: Any, **_keywords: Any) -> None:
        """Put the object into the list."""
        objects[0] = item

    def broadcast_object_list(self, *_arguments: Any, **_keywords: Any) -> None:
        """Leave the list as it is."""

    def reduce_scatter(self, output: Any, inputs: list[Any], *_arguments: Any, async_op: bool = False, **_keywords: Any) -> Any:
        """Copy the only input into the output."""
        output.copy_(inputs[0])
        return _Done() if async_op else None


class _Functional:
    """``torch.distributed.nn``: results are returned."""

    def all_reduce(self, tensor: Any, *_arguments: Any, **_keywords: Any) -> Any:
        """Return the tensor itself."""
        return tensor

    broadcast = reduce = all_reduce

    def all_gather(self, tensor: Any, *_arguments: Any, **_keywords: Any) -> tuple[Any, ...]:
        """Return the tensor as the only one."""
        return (tensor,)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_nn, name)


def answers() -> tuple[Any, Any]:
    """Return what answers for torch.distributed and for torch.distributed.nn in one submission."""
    return _InPlace(), _Functional()


def answered(value: Any, distributed: Any, distributed_nn: Any) -> Any:
    """Return what stands in for a value that a submission has imported: a module or function of torch.distributed; else it.

    Args:
        value: what it has imported.
        distributed: the first of `answers`.
        distributed_nn: the second.
    """
    if value is real:
        return distributed
    if value is real_nn:
        return distributed_nn
    module = getattr(value, "__module__", "") or ""
    name = getattr(value, "__name__", "")
    if not callable(value) or not isinstance(module, str) or not module.startswith("torch.distributed"):
        return value
    owner = distributed_nn if module.startswith("torch.distributed.nn") else distributed
    return getattr(owner, name) if hasattr(type(owner), name) and getattr(owner, "__getattr__", None) else value

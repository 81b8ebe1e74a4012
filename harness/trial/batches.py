"""The order in which training examples are drawn, and the batches that a training algorithm gets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from numbers import Integral
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from harness.contracts.algorithms import Batch
from harness.contracts.errors import ContractError
from harness.contracts.messages import shown

PLAIN = (Tensor, Parameter)
"""Classes of tensors with no functions of their own."""


class IndexStream:
    """The data order: one seeded stream of indices, permutation after permutation; a batch takes the next ones.

    Args:
        size: number of training examples.
        seed: of the permutations.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._size = size
        self._order = self._permutation()
        self._at = 0

    @torch.inference_mode(False)  # where torch would not count changes in place
    def _permutation(self) -> Tensor:
        return torch.randperm(self._size, generator=self._generator)

    def take(self, size: int) -> Tensor:
        """Return the next `size` indices, int64 [size].

        Raises:
            ContractError: indices that were returned before were changed in place, and with them the order.
        """
        if self._order._version:
            raise ContractError("the indices of a batch were changed in place: copy them first")
        end = self._at + size
        if end <= self._size:
            taken = self._order[self._at : end]
            self._at = end
            return taken
        parts = [self._order[self._at :]]
        missing = size - len(parts[0])
        while missing > 0:
            self._order = self._permutation()
            parts.append(self._order[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        return torch.cat(parts)


def checked_size(size: Any, most: int) -> int:
    """Return the number of examples of a batch that a training algorithm asks for.

    Args:
        size: what it asks for; NumPy's integers are taken too.
        most: the largest number allowed.

    Raises:
        ContractError: it is no integer, or not in 1 to `most`.
    """
    number = int(size) if isinstance(size, Integral) and not isinstance(size, bool) else 0
    if 1 <= number <= most:
        return number
    raise ContractError(f"the size of a batch must be an integer from 1 to {most}, not {shown(size)}")


def plain_tensor(value: Any, what: str) -> Tensor:
    """Return a tensor from which sizes are read, which those of a class of a plug-in's own may tell as they like.

    Raises:
        ContractError: it is no tensor, or one of another class than torch's own.
    """
    if type(value) not in PLAIN:
        raise ContractError(f"{what} must be a torch.Tensor, not {shown(type(value).__name__)}")
    tensor: Tensor = value
    return tensor


class TrialBatch(tuple[object, Tensor, int, Mapping[str, Tensor]]):
    """The `harness.contracts.Batch` of one trial, which nothing can change: only its task turns it into a loss.

    Args:
        seal: of the task that draws it.
        indices: int64 [size].
        examples: {name: tensor [size, ...]}, tensors that nothing else has.
    """

    __slots__ = ()
    __eq__, __ne__, __hash__ = object.__eq__, object.__ne__, object.__hash__  # not by content: a comparison of tensors fails

    def __new__(cls, seal: object, indices: Tensor, examples: Mapping[str, Tensor]) -> TrialBatch:
        """Return the batch of these examples."""
        return super().__new__(cls, (seal, indices, next(iter(examples.values())).shape[0], MappingProxyType(examples)))

    def __iter__(self) -> Iterator[Any]:
        """Say what to write instead of ``x, y = batch``."""
        raise ContractError("a batch does not show its examples: self.task.loss(batch) computes its loss, and charges it")

    @property
    def size(self) -> int:
        """Number of examples."""
        return self[2]

    @property
    def indices(self) -> Tensor:
        """Which training examples these are, int64 [size]."""
        return self[1]


def on_device(
    examples: Mapping[str, Tensor], device: torch.device | str, host: Collection[str] = (), *, non_blocking: bool = False
) -> dict[str, Tensor]:
    """Return examples, {name: tensor}, on a device, all but those that the workload keeps on the host.

    Args:
        examples: {name: tensor}.
        device: where to move them.
        host: names that stay on the host.
        non_blocking: do not wait for copies out of pinned memory.
    """
    homes = {name: "cpu" if name in host else device for name in examples}
    return {name: values.to(homes[name], non_blocking=non_blocking) for name, values in examples.items()}


def taken(examples: Mapping[str, Tensor], indices: Tensor) -> dict[str, Tensor]:
    """Return those of examples, {name: tensor [n, ...]}, each where it lies; indices are int64 [size] on any device."""
    homes = {values.device for values in examples.values()}
    there = {home: indices if home == indices.device else indices.to(home, non_blocking=home.type != "cpu") for home in homes}
    return {name: values.index_select(0, there[values.device]) for name, values in examples.items()}


def examples_of(batch: Batch, seal: object) -> Mapping[str, Tensor]:
    """Return the examples of a batch, {name: tensor [size, ...]}.

    Raises:
        ContractError: the batch was not drawn from the task with this seal, or it has been changed in place since.
    """
    if type(batch) is not TrialBatch or batch[0] is not seal:
        raise ContractError(f"expected a batch from task.draw() or task.fetch(), got {type(batch).__name__}")
    examples = batch[3]
    try:
        for name, values in examples.items():
            if values._version:
                raise ContractError(f"the examples of a batch were changed ('{name}'): a batch is read-only")
    except RuntimeError:  # they were drawn in inference mode, where torch does not count changes
        return examples
    return examples


def version_of(tensor: Tensor) -> int:
    """Return how many changes in place torch has counted; -1 for a tensor of inference mode, where it counts none."""
    return -1 if tensor.is_inference() else tensor._version

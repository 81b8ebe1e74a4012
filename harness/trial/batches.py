"""The order in which training examples are drawn, and the batches that a training algorithm gets."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from harness.contracts.algorithms import Batch
from harness.contracts.errors import ContractError
from harness.contracts.messages import shown


class IndexStream:
    """The data order: one seeded stream of indices, permutation after permutation; a batch takes the next ones.

    Args:
        size: number of training examples.
        seed: of the permutations.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._size = size
        self._order = torch.randperm(size, generator=self._generator)
        self._at = 0

    def take(self, size: int) -> Tensor:
        """Return the next `size` indices, int64 [size]."""
        end = self._at + size
        if end <= self._size:
            taken = self._order[self._at : end]
            self._at = end
            return taken
        parts = [self._order[self._at :]]
        missing = size - len(parts[0])
        while missing > 0:
            self._order = torch.randperm(self._size, generator=self._generator)
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


class TrialBatch:
    """The `harness.contracts.Batch` of one trial: only its task turns it into a loss."""

    __slots__ = ("_examples", "_indices", "_size")

    def __init__(self, indices: Tensor, examples: Mapping[str, Tensor]) -> None:
        self._indices, self._size = indices, indices.shape[0]
        self._examples = examples

    @property
    def size(self) -> int:
        """Number of examples."""
        return self._size

    @property
    def indices(self) -> Tensor:
        """Which training examples these are, int64 [size]."""
        return self._indices


def examples_of(batch: Batch) -> Mapping[str, Tensor]:
    """Return the examples of a batch, {name: tensor [size, ...]}.

    Raises:
        ContractError: the batch does not come from a task.
    """
    if not isinstance(batch, TrialBatch):
        raise ContractError(f"expected a batch from task.draw() or task.fetch(), got {type(batch).__name__}")
    return batch._examples

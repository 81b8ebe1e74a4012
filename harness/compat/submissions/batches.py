"""The batches that a submission gets: it may select among the examples, and pass them on, but sees none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import torch
from torch import Tensor

from harness.contracts.algorithms import Batch, Task
from harness.contracts.errors import ContractError

INPUTS, TARGETS = "inputs", "targets"

ROWS: Mapping[Any, Callable[..., Any]] = {
    function: function for function in (torch.cat, torch.split, torch.chunk, torch.index_select, torch.flip, torch.roll)
}
"""Functions of torch that select or order examples along the first dimension."""


class Hidden:
    """The inputs or the targets of some examples. It has a length, and can be indexed, split and joined along it.

    Args:
        task: of the trial.
        name: of the entry of the batch.
        indices: of the examples in the training set, int64 [n].
        batch: these examples, if they are drawn already.
    """

    def __init__(self, task: Task, name: str, indices: Tensor, batch: Batch | None = None) -> None:
        self._task, self._name, self._indices, self._drawn = task, name, indices, batch

    @property
    def examples(self) -> Batch:
        """The examples as the harness has them."""
        if self._drawn is None:
            self._drawn = self._task.fetch(self._indices)
        return self._drawn

    @property
    def shape(self) -> torch.Size:
        """The number of examples; the other dimensions are not shown."""
        return torch.Size([len(self._indices)])

    @property
    def device(self) -> torch.device:
        """Where the model trains."""
        return self._task.device

    def size(self, dim: int | None = None) -> Any:
        """Return the number of examples, as a shape of one dimension where `dim` is left out."""
        return self.shape if dim is None else self.shape[dim]

    def to(self, *_arguments: Any, **_keywords: Any) -> Hidden:
        """Return the same: the examples are where the model trains."""
        return self

    cuda = contiguous = to

    def split(self, size: Any, dim: int = 0) -> Any:
        """Return consecutive parts."""
        return torch.split(cast(Tensor, self), size, dim)  # torch calls __torch_function__

    def chunk(self, count: int, dim: int = 0) -> Any:
        """Return `count` consecutive parts."""
        return torch.chunk(cast(Tensor, self), count, dim)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, chosen: Any) -> Hidden:
        if isinstance(chosen, int):
            chosen = slice(chosen, chosen + 1 or None)
        chosen = chosen.detach().cpu() if isinstance(chosen, Tensor) else chosen
        return Hidden(self._task, self._name, self._indices[chosen])

    def __iter__(self) -> Iterator[Hidden]:
        return (self[place : place + 1] for place in range(len(self)))

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        """Apply a function of `ROWS` to the indices.

        Raises:
            ContractError: the function is another one.
        """
        every = [*arguments, *(keywords or {}).values()]
        flat = [each for item in every for each in (item if isinstance(item, tuple | list) else (item,))]
        first = next(item for item in flat if isinstance(item, Hidden))
        if function not in ROWS:
            raise first._refused(f"torch.{getattr(function, '__name__', 'a function')}()")
        result = ROWS[function](*map(_indices_of, arguments), **{key: _indices_of(it) for key, it in (keywords or {}).items()})
        if isinstance(result, Tensor):
            return Hidden(first._task, first._name, result)
        return tuple(Hidden(first._task, first._name, part) for part in result)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._refused(f".{name}")

    def _refused(self, what: str) -> ContractError:
        return ContractError(
            f"batch['{self._name}'] shows no values, so {what} cannot be used on it: pass it to workload.model_fn or"
            " workload.loss_fn; it can be indexed, split and joined along its examples"
        )

    def _operator(self, *_others: Any) -> Any:
        raise self._refused("an operator")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __matmul__ = __neg__ = __lt__ = __gt__ = (
        _operator
    )


def _indices_of(item: Any) -> Any:
    if isinstance(item, Hidden):
        return item._indices
    if isinstance(item, tuple | list):
        return type(item)(map(_indices_of, item))
    return item.cpu() if isinstance(item, Tensor) else item


def shown(task: Task, batch: Batch) -> dict[str, Any]:
    """Return a batch in AlgoPerf's form; there are no weights, since no example is padding."""
    return {name: Hidden(task, name, batch.indices, batch) for name in (INPUTS, TARGETS)}


def input_queue(task: Task, size: int) -> Iterator[dict[str, Any]]:
    """Yield batches of the next `size` examples without end."""
    while True:
        yield shown(task, task.draw(size))


def examples_in(item: Any, function: str) -> Batch:
    """Return the examples that a submission passes to a function of its workload: a batch, or its inputs or targets.

    Raises:
        ContractError: it passes something else.
    """
    entry = item.get(INPUTS) if isinstance(item, Mapping) else item
    if not isinstance(entry, Hidden):
        raise ContractError(f"{function} needs what the input queue gave, or a selection of it, not a {type(entry).__name__}")
    return entry.examples

"""Batches of data that do not fit on the device: read ahead on the host, into pinned memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from harness.trial.batches import IndexStream, taken

AHEAD = 3
"""So many batches are read before they are asked for."""

Examples = dict[str, Tensor]
"""{name: tensor [size, ...]}."""


class _Data(Dataset[Examples]):
    """The training examples; an index is the indices of a whole batch."""

    def __init__(self, train: Mapping[str, Tensor]) -> None:
        self._train = train

    def __getitem__(self, indices: Any) -> Examples:
        return taken(self._train, indices)


class _Wanted(Sampler[Tensor]):
    """The indices of the batches that are to be read, for as long as somebody adds some."""

    def __init__(self) -> None:
        self.indices: deque[Tensor] = deque()

    def __iter__(self) -> Iterator[Tensor]:
        while True:
            yield self.indices.popleft()


class Prefetched:
    """Reads the batches of an `IndexStream` before they are asked for, in its order, while the device computes.

    The batches are those of torch's `DataLoader`, which one thread reads: processes would need as much shared memory as they
    read ahead, and containers have little. Where another size of batch is asked for, the indices that were read ahead are
    taken back and come first, so that none is lost and none comes twice.

    Args:
        train: {name: tensor [n, ...]} on the host.
        stream: the data order.
        pinned: whether batches come in pinned memory, from which a copy to the device does not wait.
    """

    def __init__(self, train: Mapping[str, Tensor], stream: IndexStream, *, pinned: bool) -> None:
        self._stream, self._wanted = stream, _Wanted()
        own = torch.Generator()  # the loader draws a seed, and must not draw it from torch's global generator
        loader = DataLoader(_Data(train), batch_size=None, sampler=self._wanted, pin_memory=pinned, generator=own)
        self._batches = iter(loader)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        self._ahead: deque[tuple[Tensor, Future[Examples]]] = deque()
        self._back: list[Tensor] = []
        self._size = 0

    def take(self, size: int) -> tuple[Tensor, Examples]:
        """Return the next indices of the stream, int64 [size], and their examples, on the host."""
        if size != self._size:
            self._take_back()
            self._size = size
        while len(self._ahead) <= AHEAD:
            indices = self._indices(size)
            self._ahead.append((indices, self._reader.submit(self._read, indices)))
        indices, batch = self._ahead.popleft()
        return indices, batch.result()

    def close(self) -> None:
        """End the thread that reads."""
        self._reader.shutdown(wait=True, cancel_futures=True)

    def _read(self, indices: Tensor) -> Examples:
        self._wanted.indices.append(indices)
        batch: Examples = next(self._batches)
        return batch

    def _indices(self, size: int) -> Tensor:
        parts, missing = [], size
        while missing and self._back:
            first = self._back.pop(0)
            parts.append(first[:missing])
            if len(first) > missing:
                self._back.insert(0, first[missing:])
            missing -= len(parts[-1])
        if missing:
            parts.append(self._stream.take(missing))
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _take_back(self) -> None:
        """Forget the batches that were read ahead, and keep their indices for later ones."""
        for _, batch in self._ahead:
            if not batch.cancel():
                batch.result()
        self._back = [*(indices for indices, _ in self._ahead), *self._back]
        self._ahead.clear()

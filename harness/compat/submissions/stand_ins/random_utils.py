"""Stands in for ``algoperf.random_utils``: seeds are pairs of integers, NumPy int32 [2], and new ones are drawn from them."""

from __future__ import annotations

from typing import Any

import numpy as np

_END = 2**31 - 1


def _generator(seed: Any) -> np.random.RandomState:
    return np.random.RandomState([int(part) % _END for part in np.atleast_1d(np.asarray(seed)).ravel()])


def PRNGKey(seed: Any) -> Any:  # noqa: N802  the name that submissions call
    """Return a seed, int32 [2], made from an integer or another seed."""
    return split(seed, 2)[0]


def split(seed: Any, num: int = 2) -> Any:
    """Return `num` new seeds, int32 [num, 2]."""
    return _generator(seed).randint(0, _END, size=(num, 2), dtype=np.int32)


def fold_in(seed: Any, data: Any) -> Any:
    """Return a new seed made from a seed and an integer, [2]."""
    return [int(_generator(seed).randint(0, _END, dtype=np.int32)), data]

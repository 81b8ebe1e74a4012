"""Categories as rows of one embedding table, and orders in which every prefix has the classes' proportions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def fused_ids(columns: Sequence[Any], train: np.ndarray, minimum: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return ids in one table that all columns share, int16 [n, columns], and the rows of each column, int64 [columns].

    A column's first row stands for all values that occur fewer than `minimum` times in training; the other values
    follow in sorted order.

    Args:
        columns: values of each column, [n]; strings or integers, none missing.
        train: which examples are for training, bool [n]; only their values are counted.
        minimum: how often a value must occur in training to get a row of its own.
    """
    import pandas

    ids, rows = [], []
    for column in columns:
        codes, values = pandas.factorize(np.asarray(column), sort=True)
        frequent = np.bincount(codes[train], minlength=len(values)) >= minimum
        own = np.where(frequent, np.cumsum(frequent), 0)
        ids.append(own[codes] + sum(rows))
        rows.append(int(frequent.sum()) + 1)
    assert sum(rows) <= np.iinfo(np.int16).max, "16 bits hold every row"
    return np.stack(ids, axis=1).astype(np.int16), np.asarray(rows)


def stratified_order(labels: np.ndarray, generator: np.random.RandomState) -> np.ndarray:
    """Return a random order, int64 [n], in which every prefix has each class in proportion, to within one example.

    So even where one class is rare, a constant prediction has the same mean loss on the first thousand as on all.
    """
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.argsort(place, kind="stable")


def stratified_parts(labels: np.ndarray, sizes: dict[str, int], rest: str) -> dict[str, np.ndarray]:
    """Return {part: indices}: parts of the stated `sizes`, drawn at random in stratified order, and the others as `rest`.

    The generator is NumPy's legacy one, seed 0, whose numbers are the same in every release.
    """
    order = stratified_order(labels, np.random.RandomState(0))
    ends = np.cumsum(list(sizes.values()))
    return dict(zip((*sizes, rest), np.split(order, ends), strict=True))

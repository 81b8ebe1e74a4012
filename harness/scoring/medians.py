"""Medians of times in which some are infinite (missed) and some are absent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def medians(times: Floats) -> Floats:
    """Return the median over the last axis; NaN entries are absent, infinite ones take part.

    The median of an even number is the mean of the middle two, infinite if one of them is; NaN without any entry.

    >>> medians(np.array([[1.0, 2.0, np.inf], [1.0, np.inf, np.nan], [np.nan, np.nan, np.nan]]))
    array([ 2., inf, nan])
    """
    if times.shape[-1] == 0:
        return np.full(times.shape[:-1], np.nan)
    ordered = np.sort(times, axis=-1)
    count = np.sum(~np.isnan(times), axis=-1)
    low = np.maximum(count - 1, 0) // 2
    high = np.minimum(count // 2, times.shape[-1] - 1)
    first = np.take_along_axis(ordered, low[..., None], axis=-1)[..., 0]
    second = np.take_along_axis(ordered, high[..., None], axis=-1)[..., 0]
    middle: Floats = np.where(first == second, first, (first + second) / 2)
    return middle

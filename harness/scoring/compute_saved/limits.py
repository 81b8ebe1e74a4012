"""Marks of differences that are known only on one side: at most, at least, or neither."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.scoring.compute_saved.gains import Sides
from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools

Codes = NDArray[np.int64]

MARKS = ("", "≤", "≥", "~")
"""By code; the code of several together is their bitwise or."""
MANY = 0.1
"""A row is marked where more than this share of its studies are limited."""


def study_pairs(own: Floats, other: Floats, paired: Bools) -> tuple[Codes, Codes, Bools]:
    """Return the studies of both sides that are set against each other, and which of these pairs there are.

    Args:
        own, other: values, [..., studies]; NaN where a study is absent.
        paired: whether equal studies belong together, [...]; where not, the first that each side has, and so on.

    >>> a, b = np.array([1.0, np.nan, 2.0, 3.0]), np.array([np.nan, 1.0, 2.0, np.nan])
    >>> [pairs[there].tolist() for *pair, there in [study_pairs(a, b, np.array(True))] for pairs in pair]
    [[2], [2]]
    >>> [pairs[there].tolist() for *pair, there in [study_pairs(a, b, np.array(False))] for pairs in pair]
    [[0, 2], [1, 2]]
    """
    first, second = ~np.isnan(own), ~np.isnan(other)
    same = np.broadcast_to(np.arange(own.shape[-1]), own.shape)
    places = [np.where(paired[..., None], same, np.argsort(~side, axis=-1, kind="stable")) for side in (first, second)]
    there = np.take_along_axis(first, places[0], axis=-1) & np.take_along_axis(second, places[1], axis=-1)
    return places[0], places[1], there


def mark_codes(own: Sides, other: Sides, paired: Bools) -> tuple[Codes, Bools]:
    """Return the codes of the differences `own - other`, [P, workloads, studies], and which of them there are.

    "≤" (1): only `own` is limited below or only `other` above; "≥" (2): the reverse; "~" (3): both sides are limited. A
    study is limited where it is at any horizon.
    """
    *places, there = study_pairs(own.values.mean(axis=-1), other.values.mean(axis=-1), paired)
    flags = [
        np.take_along_axis(limited.any(axis=-1), place, axis=-1)
        for side, place in zip((own, other), places, strict=True)
        for limited in (side.low, side.high)
    ]
    most, least = flags[0] | flags[3], flags[1] | flags[2]
    both = (flags[0] | flags[1]) & (flags[2] | flags[3])
    return np.where(there, np.where(both, 3, most + 2 * least), 0), there


def limited_studies(own: Sides, other: Sides, paired: Bools) -> tuple[Bools, Bools, Bools]:
    """Return in which of the studies that are set against each other each side is limited, and which of these there are.

    All are [P, workloads, studies]. A study is limited where it is at any horizon, below or above.
    """
    *places, there = study_pairs(own.values.mean(axis=-1), other.values.mean(axis=-1), paired)
    first, second = (
        np.take_along_axis((side.low | side.high).any(axis=-1), place, axis=-1) & there
        for side, place in zip((own, other), places, strict=True)
    )
    return first, second, there


def joined(codes: Codes) -> str:
    """Return the mark of several differences taken together.

    >>> joined(np.array([0, 1, 1])), joined(np.array([0, 1, 2])), joined(np.array([0]))
    ('≤', '~', '')
    """
    return MARKS[int(np.bitwise_or.reduce(codes, axis=None, initial=0))]

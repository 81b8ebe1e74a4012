"""How well two halves of the workloads agree on the order of the submissions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from scipy.stats import kendalltau

from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools

MOST = 462
"""Number of splits up to which all are used: those of 12 workloads."""


@dataclass(frozen=True)
class HalfAgreement:
    """Agreement over splits of the workloads into two halves.

    Attributes:
        splits: how many there are.
        tau: mean of Kendall's tau-b between the orders of the two halves (Kendall 1945); NaN if it is nowhere defined.
        undefined: splits that the mean leaves out, because a half ties all submissions.
        same_first: share of splits in which both halves put the same submission first, or tie the same ones there.
    """

    splits: int
    tau: float
    undefined: int
    same_first: float


def splits(workloads: int, most: int = MOST, seed: int = 0) -> Bools:
    """Return which workloads are in the first half of each split, [splits, workloads].

    All splits if there are at most `most`, else `most` different random ones. Of an odd number of workloads, the second
    half has one more.

    >>> splits(4).astype(int).tolist()
    [[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]
    """
    size = workloads // 2
    if size == 0:
        return np.zeros((0, workloads), dtype=bool)
    # Of two complementary halves only the one with the first workload counts.
    even = workloads % 2 == 0
    number = comb(workloads, size) // (2 if even else 1)
    if number <= most:
        chosen = [half for half in combinations(range(workloads), size) if not even or half[0] == 0]
    else:
        generator, found = np.random.default_rng(seed), dict[tuple[int, ...], None]()
        while len(found) < most:
            half = np.sort(generator.permutation(workloads)[:size]).tolist()
            if even and half[0] != 0:
                half = sorted(set(range(workloads)) - set(half))
            found[tuple(half)] = None
        chosen = list(found)
    first = np.zeros((len(chosen), workloads), dtype=bool)
    for row, half in enumerate(chosen):
        first[row, list(half)] = True
    return first


def half_agreement(values: Floats, most: int = MOST, seed: int = 0) -> HalfAgreement:
    """Return how well halves agree on the order of the submissions by their means over workloads.

    Args:
        values: [submissions, workloads], finite, larger is better; those equal to 12 digits tie.
        most: number of splits from which on they are drawn at random.
        seed: of these draws.
    """
    first = splits(values.shape[1], most, seed)
    halves = [np.round(values @ half.T / np.fmax(half.sum(axis=1), 1), 12) for half in (first, ~first)]
    taus = np.array([kendalltau(a, b).statistic for a, b in zip(*(half.T for half in halves), strict=True)])
    known = ~np.isnan(taus)
    leaders = [half == half.max(axis=0, initial=-np.inf) for half in halves]
    same = (leaders[0] == leaders[1]).all(axis=0)
    return HalfAgreement(
        splits=len(first),
        tau=float(taus[known].mean()) if known.any() else float("nan"),
        undefined=int((~known).sum()),
        same_first=float(same.mean()) if len(same) else float("nan"),
    )

"""Kendall's tau between the orders of two boards, with a bootstrap over workloads and an exact test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from harness.scoring.medians import Floats

DRAWS = 2000

MOST_PERMUTED = 7
"""Entries up to which all orders are enumerated for the p-value."""


@dataclass(frozen=True)
class Agreement:
    """How well two orders agree.

    Attributes:
        tau: Kendall's tau-b of the means over workloads.
        over_ours: its 95 % percentile interval where our workloads are drawn again; None with fewer than 3.
        over_both: the same where those of both boards are drawn.
        chance: share of all orders of the entries whose tau is at least as high, as a p-value of one side.
    """

    tau: float
    over_ours: tuple[float, float] | None
    over_both: tuple[float, float] | None
    chance: str


def agreement(ours: Floats, theirs: Floats) -> Agreement:
    """Return how well the orders of entries by the means of `ours` and of `theirs` agree; both [entries, workloads].

    >>> agreement(np.array([[3.0], [2.0], [1.0]]), np.array([[9.0, 8.0], [5.0, 4.0], [1.0, 2.0]]))
    Agreement(tau=1.0, over_ours=None, over_both=None, chance='.167')
    """
    a, b = ours.mean(axis=1), theirs.mean(axis=1)
    tau = float(tau_b(a, b))
    return Agreement(tau, _interval(ours, b[:, None], both=False), _interval(ours, theirs, both=True), _chance(a, b, tau))


def tau_b(a: Floats, b: Floats) -> Floats:
    """Return Kendall's tau-b along the last axis (Kendall 1945), NaN where one side ties all; equal to 9 digits is a tie.

    >>> tau_b(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])).round(4)
    array(0.3333)
    """
    left, right = np.triu_indices(a.shape[-1], 1)
    one, two = (np.sign(np.round(x[..., left] - x[..., right], 9)) for x in (a, b))
    with np.errstate(invalid="ignore"):
        value = (one * two).sum(-1) / np.sqrt((one**2).sum(-1) * (two**2).sum(-1))
    return np.asarray(np.round(value, 9))


def _interval(ours: Floats, theirs: Floats, *, both: bool) -> tuple[float, float] | None:
    if ours.shape[1] < 3 or (both and theirs.shape[1] < 3):
        return None
    random = np.random.default_rng(0)
    drawn = (x[:, random.integers(x.shape[1], size=(DRAWS, x.shape[1]))].mean(axis=-1).T for x in (ours, theirs))
    taus = tau_b(*drawn)
    if np.isnan(taus).all():
        return None
    low, high = np.nanquantile(taus, (0.025, 0.975))
    return float(low), float(high)


def _chance(a: Floats, b: Floats, tau: float) -> str:
    if math.isnan(tau) or len(a) > MOST_PERMUTED:
        return "-"
    orders = np.array(list(permutations(range(len(a)))))
    return f"{(tau_b(np.broadcast_to(a, orders.shape), b[orders]) >= tau - 1e-9).mean():.3f}".lstrip("0")

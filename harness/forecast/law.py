"""The loss law with learning-rate annealing: it gives the loss at a step from the learning rates up to that step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.float64]


def area(rates: Sequence[float] | Array) -> Array:
    """Return S1, for each step the sum of the learning rates up to and including it, [steps].

    >>> area([1.0, 1.0, 0.5]).tolist()
    [1.0, 2.0, 2.5]
    """
    return np.cumsum(np.asarray(rates, dtype=float))


def annealing(rates: Sequence[float] | Array, decay: float) -> Array:
    """Return S2, for each step the accumulated effect of decreases of the learning rate, [steps].

    a_0 = 0, a_i = decay a_{i-1} + (rate_{i-1} - rate_i), S2(s) = a_0 + ... + a_s. With decay 0, S2 is the difference between
    the first rate and the current one; with decay 1, each decrease counts once for every step since.

    Args:
        rates: learning rate of each step from the first on, where warm-up steps have the rate at the end of warm-up.
        decay: lambda, in [0, 1].

    Source: arXiv:2408.11029.

    >>> annealing([1.0, 1.0, 0.5, 0.0], 0.0).tolist()
    [0.0, 0.0, 0.5, 1.0]
    >>> annealing([1.0, 1.0, 0.5, 0.0], 1.0).tolist()
    [0.0, 0.0, 0.5, 1.5]
    """
    values = np.asarray(rates, dtype=float)
    falls = np.concatenate(([0.0], values[:-1] - values[1:]))
    momentum: Array = np.asarray(lfilter([1.0], [1.0, -decay], falls), dtype=float)
    return np.cumsum(momentum)


@dataclass(frozen=True)
class Law:
    """L(s) = floor + scale S1(s)^-exponent - gain S2(s).

    Attributes:
        floor: L0, the limit of the loss under a constant rate, in the metric's unit.
        scale: A >= 0.
        exponent: alpha >= 0.
        gain: C >= 0, the coefficient of annealing.
        decay: lambda in [0, 1], the momentum of S2; 1 - lambda is inversely proportional to the number of steps.

    Source: arXiv:2408.11029.
    """

    floor: float
    scale: float
    exponent: float
    gain: float
    decay: float

    def predict(self, rates: Sequence[float] | Array) -> Array:
        """Return the loss after each step of a run with these learning rates, [steps].

        Args:
            rates: learning rate of each step from the first on, where warm-up steps have the rate at the end of warm-up.
                The loss is infinite before the first rate above 0.
        """
        with np.errstate(divide="ignore"):
            fall = self.scale * area(rates) ** -self.exponent
        return np.asarray(self.floor + fall - self.gain * annealing(rates, self.decay))

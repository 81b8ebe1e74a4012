"""The loss law with learning-rate annealing: the loss at a step from the learning rates up to it. NumPy and SciPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.float64]


def area(rates: Sequence[float] | Array) -> Array:
    """Return S1, the learning rates summed up to and including each step.

    >>> area([1.0, 1.0, 0.5]).tolist()
    [1.0, 2.0, 2.5]
    """
    return np.cumsum(np.asarray(rates, dtype=float))


def annealing(rates: Sequence[float] | Array, decay: float) -> Array:
    """Return S2, what the falls of the learning rate have brought up to each step, with momentum.

    a_0 = 0, a_i = decay a_{i-1} + (rate_{i-1} - rate_i), S2(s) = a_0 + ... + a_s. Without momentum (0) it is how far the rate
    has fallen; with full momentum (1) a fall counts once for every step since.

    Args:
        rates: learning rate of every step from the first on, warm-up steps at the rate that they lead to.
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
        floor: L0, the loss that no training goes below while the rate stays up, in the metric's unit.
        scale: A >= 0.
        exponent: alpha >= 0.
        gain: C >= 0, what annealing brings.
        decay: lambda in [0, 1], the momentum of S2; 1 - lambda scales as one over the number of steps.
    """

    floor: float
    scale: float
    exponent: float
    gain: float
    decay: float

    def predict(self, rates: Sequence[float] | Array) -> Array:
        """Return the loss after each step of a run with these learning rates.

        Args:
            rates: learning rate of every step from the first on, warm-up steps at the rate that they lead to. Before the
                first rate above 0 the loss is infinite.
        """
        with np.errstate(divide="ignore"):
            fall = self.scale * area(rates) ** -self.exponent
        return np.asarray(self.floor + fall - self.gain * annealing(rates, self.decay))

"""The unified budget-aware schedule."""

import math

from harness import Choice, Uniform, schedule


@schedule(paper="arXiv:2505.24452", space={"phi": Choice(0.25, 0.5, 1.0, 2.0, 5.0), "floor": Uniform(0.0, 0.1)})
def uba(step, horizon, phi=0.5, floor=0.0):
    """Unified budget-aware: m = r + (1 - r) 2 x / (phi + (2 - phi) x), where x = (1 + cos(pi p)) / 2, p = step / horizon.

    phi = 2 is cosine decay exactly, phi = 1 is REX's profile with x in place of 1 - p, phi -> 0 tends to a constant.

    From memory, unchecked (90 % sure of the formula, 50 % of the values of phi): 5 suits gradient descent and 0.5 AdamW.

    Args:
        step, horizon: optimizer steps after warm-up.
        phi: shape, > 0: the larger, the earlier the decay.
        floor: r, the multiplier at p = 1.

    >>> [round(uba(500, 1000, phi), 4) for phi in (0.5, 1, 2, 5)]
    [0.8, 0.6667, 0.5, 0.2857]
    """
    wave = (1 + math.cos(math.pi * step / horizon)) / 2
    return floor + (1 - floor) * 2 * wave / (phi + (2 - phi) * wave)

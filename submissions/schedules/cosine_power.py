"""Cosine power annealing."""

import math

from harness import LogUniform, schedule


@schedule(
    paper="arXiv:1903.09900",
    space={"order": LogUniform(1.0, 100.0), "floor": LogUniform(1e-4, 0.1)},
    deviation="the floor is a multiple of the peak (source: a minimum learning rate of 1e-4, or 1e-8 in its longest runs)",
)
def cosine_power(step, horizon, order=10.0, floor=1e-4):
    """Cosine power annealing: m = r + (1 - r) (q^x - 1) / (q - 1), where x = (1 + cos(pi p)) / 2, p = step / horizon.

    Args:
        step, horizon: optimizer steps after warm-up.
        order: q, > 0; 1 is cosine decay, 10 falls towards exponential decay.
        floor: r, the multiplier at p = 1.

    >>> round(cosine_power(500, 1000, floor=0.0), 4)
    0.2403
    """
    wave = (1 + math.cos(math.pi * step / horizon)) / 2
    if abs(order - 1) > 1e-9:  # at q = 1 the quotient is 0 / 0, its limit x
        wave = (order**wave - 1) / (order - 1)
    return floor + (1 - floor) * wave

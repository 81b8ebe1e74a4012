"""Cosine annealing."""

import math

from harness import Uniform, schedule


@schedule(paper="arXiv:1608.03983", space={"floor": Uniform(0.0, 0.1)}, deviation="one cycle, no restarts")
def cosine(step, horizon, floor=0.0):
    """Half a cosine wave from 1 down to `floor`: m = r + (1 - r) (1 + cos(pi p)) / 2, where p = step / horizon.

    Args:
        step, horizon: optimizer steps after warm-up.
        floor: r, the multiplier at p = 1; 0 is usual in vision and in AlgoPerf, 0.1 in language modelling.

    >>> round(cosine(250, 1000), 4)
    0.8536
    """
    return floor + (1 - floor) * (1 + math.cos(math.pi * step / horizon)) / 2

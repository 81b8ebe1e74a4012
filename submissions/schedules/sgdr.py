"""Cosine annealing with warm restarts."""

from harness import Choice, Uniform, schedule
from submissions.schedules.cosine import cosine


@schedule(
    paper="arXiv:1608.03983",
    space={"cycles": Choice(2, 3, 4, 5), "growth": Choice(1.0, 2.0), "floor": Uniform(0.0, 0.1)},
    deviation="the length of the first cycle follows from the horizon, so that the last cycle ends with it (source: given in"
    " epochs, and no horizon is needed)",
)
def sgdr(step, horizon, cycles=3, growth=2.0, floor=0.0):
    """Cosine decay in cycles that each start at 1: m = cosine(t_i / T_i), where T_i = T_0 growth^i.

    A restart resets the learning rate only: momentum and second moments are kept.

    Args:
        step, horizon: optimizer steps after warm-up.
        cycles: how many cycles fill the horizon: T_0 = horizon / (1 + growth + ... + growth^(cycles - 1)).
        growth: length of a cycle divided by that of the one before; the paper uses 1 and 2.
        floor: multiplier at the end of a cycle.

    >>> [round(sgdr(s, 700), 4) for s in (0, 50, 100, 200, 300, 500)]
    [1.0, 0.5, 1.0, 0.5, 1.0, 0.5]
    """
    length = horizon / sum(growth**cycle for cycle in range(cycles))
    for _ in range(cycles - 1):
        if step < length - 1e-9:
            break
        step, length = max(step - length, 0.0), length * growth
    return cosine(step, length, floor)

"""Cosine annealing with warm restarts."""

from harness import Choice, Uniform, schedule
from submissions.schedules.cosine import cosine


@schedule(
    paper="arXiv:1608.03983",
    space={"cycles": Choice(2, 3, 4, 5), "growth": Choice(1.0, 2.0), "floor": Uniform(0.0, 0.1)},
    deviation="the first cycle is as long as makes the last one end with the horizon; the source gives its length in epochs"
    " and needs no horizon",
)
def sgdr(step, horizon, cycles=3, growth=2.0, floor=0.0):
    """Cosine decay in cycles that each begin anew at 1: m = cosine(t_i / T_i), where T_i = T_0 growth^i.

    A restart sets the learning rate and nothing else: momentum and second moments go on.

    Args:
        step, horizon: optimizer steps after warm-up.
        cycles: how many cycles fill the horizon: T_0 = horizon / (1 + growth + ... + growth^(cycles - 1)).
        growth: length of a cycle over that of the one before; 1 and 2 are the paper's.
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

"""The 1cycle policy."""

import math

from harness import LogUniform, Uniform, schedule


@schedule(
    paper="arXiv:1708.07120",
    space={"rise": Uniform(0.1, 0.5), "start_divisor": LogUniform(5.0, 50.0)},
    deviation="only the learning rate changes: momentum is not part of a schedule, so it is not cycled",
)
def onecycle(step, horizon, rise=0.3, start_divisor=25.0, final_divisor=1e4):
    """One cycle: half a cosine wave from 1 / d up to 1, then another one down to 1 / (d f).

    Args:
        step, horizon: optimizer steps after warm-up.
        rise: fraction of the steps from the start to the peak.
        start_divisor: d, the peak learning rate over that of step 0.
        final_divisor: f, the learning rate of step 0 over that of the last step, horizon - 1.

    >>> [round(onecycle(s, 1000), 6) for s in (0, 299, 999)]
    [0.04, 1.0, 4e-06]
    """
    last = max(horizon - 1, 1)
    peak = max(rise * horizon - 1, 1e-9)
    start = 1 / start_divisor
    if step <= peak:
        return _anneal(start, 1.0, step / peak)
    return _anneal(1.0, start / final_divisor, min((step - peak) / max(last - peak, 1e-9), 1.0))


def _anneal(first, last, progress):
    return last + (first - last) * (1 + math.cos(math.pi * progress)) / 2

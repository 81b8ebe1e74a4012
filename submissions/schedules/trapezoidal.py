"""The trapezoid: constant, then linear decay."""

from harness import LogUniform, schedule
from submissions.schedules.wsd import wsd


@schedule(paper="arXiv:2405.18392", space={"decay_fraction": LogUniform(0.05, 0.5)})
def trapezoidal(step, horizon, decay_fraction=0.2):
    """Trapezoid: 1, then linear decay to 0 over the last fraction f: m = min(1, (1 - p) / f), where p = step / horizon.

    It is warm-up-stable-decay with a linear decay twice as long.

    Args:
        step, horizon: optimizer steps after warm-up.
        decay_fraction: f, in (0, 1].

    >>> [round(trapezoidal(s, 1000), 3) for s in (0, 800, 900, 999)]
    [1.0, 1.0, 0.5, 0.005]
    """
    return wsd(step, horizon, decay="linear", decay_fraction=decay_fraction)

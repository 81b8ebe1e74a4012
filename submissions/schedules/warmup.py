"""Any profile after a longer warm-up."""

from harness import Choice, LogUniform, schedule
from submissions.schedules._profiles import PROFILES, multiplier


@schedule(
    paper="arXiv:1706.02677",
    space={"profile": Choice(*PROFILES), "fraction": LogUniform(0.02, 0.4)},
    deviation="the ramp continues the harness's own warm-up, so that both form one straight line",
)
def warmup(step, horizon, warmup, profile="linear", fraction=0.1):
    """A longer warm-up, then a profile over the remaining steps: m = f(0) (W + t + 1) / (W + L) for t < L, then f(t - L).

    The harness warms every schedule up over W steps before step 0. This schedule continues the same straight line for
    L = fraction * horizon more steps (the value at the boundary occurs twice); with W = 0 it makes the whole ramp. The
    profile gets the remaining horizon - L steps as its horizon, so that its end is not cut off, and W + L as its warm-up.

    Args:
        step, horizon: optimizer steps after the harness's warm-up.
        warmup: W, steps of it.
        profile: f, the name of a closed-form schedule, its hyperparameters at their defaults.
        fraction: L over the horizon, in [0, 1).

    >>> [round(warmup(s, 1000, warmup=50), 3) for s in (0, 49, 99, 100, 550, 999)]
    [0.34, 0.667, 1.0, 1.0, 0.5, 0.001]
    """
    own = fraction * horizon
    if step < own - 1e-9:
        return multiplier(profile, 0.0, horizon - own, warmup + own) * min((warmup + step + 1) / (warmup + own), 1.0)
    return multiplier(profile, max(step - own, 0.0), horizon - own, warmup + own)

"""Any profile as a step function: constant between sampling points."""

import bisect
import math

from harness import Choice, schedule
from submissions.schedules._profiles import PROFILES, multiplier

_EVERY = {"1%": 100, "5%": 20, "10%": 10}
_POINTS = {"25-50-75": (0, 1 / 4, 1 / 2, 3 / 4), "33-66": (0, 1 / 3, 2 / 3), "50-75": (0, 1 / 2, 3 / 4)}


@schedule(
    paper="arXiv:2107.04197",
    space={"profile": Choice(*PROFILES), "sampling": Choice("every step", *_EVERY, *_POINTS)},
    deviation="more profiles than in the source, their hyperparameters at their defaults",
)
def sampled(step, horizon, warmup, profile="rex", sampling="10%"):
    """A profile that is updated only at sampling points: m = f(s), where s is the last sampling point that is not after `step`.

    Step decay is an exponential profile sampled rarely. To hold a profile of your own: ``mine(held(step, horizon, "10%"),
    horizon)``.

    Args:
        step, horizon: optimizer steps after warm-up.
        warmup: steps of the warm-up, for the profiles that need it.
        profile: f, the name of a closed-form schedule.
        sampling: "every step"; every "1%", "5%" or "10%" of the horizon; "25-50-75", "33-66" or "50-75", the points in
            per cent of the horizon.

    >>> [round(sampled(s, 1000, 0), 3) for s in (0, 99, 100, 199, 999)]
    [1.0, 1.0, 0.947, 0.947, 0.182]
    """
    return multiplier(profile, held(step, horizon, sampling), horizon, warmup)


def held(step, horizon, sampling):
    """Return the last sampling point that is not after `step`."""
    if sampling == "every step":
        return step
    if sampling in _EVERY:
        parts = _EVERY[sampling]
        return min(math.floor(parts * step / horizon + 1e-9) * horizon / parts, step)
    points = [fraction * horizon for fraction in _POINTS[sampling]]
    return points[bisect.bisect_right(points, step + 1e-9) - 1]

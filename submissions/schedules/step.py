"""Step decay at fractions of the horizon."""

import bisect

from harness import Choice, LogUniform, schedule

_BOUNDARIES = {"30-60-90": (0.3, 0.6, 0.9), "50-75": (0.5, 0.75), "33-66": (1 / 3, 2 / 3)}


@schedule(
    paper="arXiv:2107.04197",
    space={"factor": LogUniform(0.05, 0.5), "boundaries": Choice(*_BOUNDARIES)},
)
def step(step, horizon, factor=0.1, boundaries="30-60-90"):
    """Step decay: m = factor^k, where k is the number of boundaries reached.

    "30-60-90" is the paper's. From memory, unchecked (80 % sure): "50-75" is the other common variant.

    Args:
        step, horizon: optimizer steps after warm-up.
        factor: what each boundary multiplies the learning rate by.
        boundaries: "30-60-90", "50-75" or "33-66", in per cent of the horizon.

    >>> [round(step(s, 100), 6) for s in (0, 29, 30, 60, 90)]
    [1.0, 1.0, 0.1, 0.01, 0.001]
    """
    # Comparing integers: 30 / 100 and 0.3 * 100 / 100 may differ in floating point.
    passed = bisect.bisect_right([boundary * horizon for boundary in _BOUNDARIES[boundaries]], step + 1e-9)
    return factor**passed

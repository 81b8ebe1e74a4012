"""Exponential decay to a fixed ratio."""

from harness import LogUniform, schedule


@schedule(paper="none: common practice", space={"final_ratio": LogUniform(1e-3, 0.1)})
def exponential(step, horizon, final_ratio=0.01):
    """Exponential decay from 1 to `final_ratio`: m = r^p, where p = step / horizon.

    Args:
        step, horizon: optimizer steps after warm-up.
        final_ratio: r, the multiplier at p = 1; values from 0.01 to exp(-3) are in use (from memory, unchecked).

    >>> round(exponential(500, 1000), 6)
    0.1
    """
    return final_ratio ** (step / horizon)

"""Polynomial decay."""

from harness import LogUniform, Uniform, schedule


@schedule(paper="none: common practice", space={"power": LogUniform(0.5, 4.0), "floor": Uniform(0.0, 0.1)})
def polynomial(step, horizon, power=2.0, floor=0.0):
    """Polynomial decay: m = r + (1 - r) (1 - p)^k, where p = step / horizon.

    Args:
        step, horizon: optimizer steps after warm-up.
        power: k; 1 is linear decay, 2 quadratic, 0.5 stays high for long.
        floor: r, the multiplier at p = 1.

    >>> polynomial(500, 1000)
    0.25
    """
    return floor + (1 - floor) * (1 - step / horizon) ** power

"""Warm-up, stable, decay, constant."""

from harness import LogUniform, Uniform, schedule


@schedule(
    paper="arXiv:2503.12167",
    space={"floor": LogUniform(0.02, 0.3), "decay_fraction": Uniform(0.1, 0.5), "constant_fraction": Uniform(0.05, 0.25)},
    deviation="the length and the linear shape of the decay are our choice: the source publishes no training code",
)
def wsdc(step, horizon, floor=0.1, decay_fraction=0.2, constant_fraction=0.15):
    """Warm-up-stable-decay-constant: 1, linear decay to r over a fraction d, then r over the last fraction c.

    From memory, unchecked (50 % sure): r = 0.1, c between 0.1 and 0.2.

    Args:
        step, horizon: optimizer steps after warm-up.
        floor: r, the multiplier at the end.
        decay_fraction: d, of the horizon.
        constant_fraction: c, of the horizon; c + d <= 1.

    >>> [round(wsdc(s, 1000), 3) for s in (0, 650, 750, 850, 999)]
    [1.0, 1.0, 0.55, 0.1, 0.1]
    """
    decayed = (step / horizon - (1 - constant_fraction - decay_fraction)) / decay_fraction
    return 1 - (1 - floor) * min(max(decayed, 0.0), 1.0)

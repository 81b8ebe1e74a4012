"""Decay with the inverse of time."""

from harness import LogUniform, schedule


@schedule(
    paper="Robbins and Monro 1951, Annals of Mathematical Statistics 22",
    space={"scale": LogUniform(0.01, 1.0)},
    deviation="the scale is a fraction of the horizon, so the schedule needs one; with a scale in steps it would be anytime",
)
def inverse_time(step, horizon, scale=0.1):
    """Decay with the inverse of time: m = 1 / (1 + t / s), where s = scale * horizon.

    Args:
        step, horizon: optimizer steps after warm-up.
        scale: s over the horizon, > 0; after s steps the multiplier is 1/2. 0.1 is our choice.

    >>> inverse_time(100, 1000)
    0.5
    """
    return 1 / (1 + step / (scale * horizon))

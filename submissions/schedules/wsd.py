"""Warm-up, stable, decay."""

import math

from harness import Choice, LogUniform, schedule

_SHAPES = {
    "linear": lambda s: 1 - s,
    "half_life": lambda s: 0.5 ** (s * 10),
    "cosine": lambda s: (1 + math.cos(math.pi * s)) / 2,
    "one_minus_sqrt": lambda s: 1 - math.sqrt(s),
    "square": lambda s: (1 - s) ** 2,
}


@schedule(
    paper="arXiv:2404.06395",
    space={"decay_fraction": LogUniform(0.05, 0.4), "decay": Choice(*_SHAPES)},
    deviation="linear decay by default (source: decay by half-lives)",
)
def wsd(step, horizon, decay="linear", decay_fraction=0.1):
    """Warm-up-stable-decay: 1, then decay over the last fraction f of the horizon.

    With s = (step - t_d) / (horizon - t_d) and t_d = (1 - f) horizon, the decay is 1 - s ("linear"), 2^(-10 s)
    ("half_life": ten half-lives, so that it ends near 0.001), (1 + cos(pi s)) / 2 ("cosine"), 1 - sqrt(s)
    ("one_minus_sqrt", arXiv:2405.18392) or (1 - s)^2 ("square"). From memory, unchecked (85 % sure): the source's decay is the
    one by half-lives; their number is our choice.

    Args:
        step, horizon: optimizer steps after warm-up.
        decay: shape of the decay.
        decay_fraction: f, in (0, 1].

    >>> [round(wsd(s, 1000), 3) for s in (0, 900, 950, 999)]
    [1.0, 1.0, 0.5, 0.01]
    """
    start = (1 - decay_fraction) * horizon
    return 1.0 if step <= start else _SHAPES[decay]((step - start) / (horizon - start))

"""The infinite schedule: cool down, stay constant, anneal on request."""

import math

from harness import Choice, LogUniform, Uniform, schedule


@schedule(
    paper="arXiv:2503.02844, arXiv:2403.08763",
    space={
        "cooldown": Choice("cosine", "inverse_sqrt"),
        "cooldown_fraction": Uniform(0.1, 0.6),
        "constant": LogUniform(0.25, 0.5),
        "anneal_fraction": Uniform(0.05, 0.2),
    },
    deviation="all phases lie within one horizon; their lengths and levels are the middle of the ranges in use",
)
def infinite(
    step, horizon, cooldown="cosine", cooldown_fraction=0.25, constant=0.35, anneal_fraction=0.1, floor=0.01, alpha=10.0
):
    """Infinite: from 1 down to c over a fraction d, constant c, then an exponential anneal c (r / c)^s at the end.

    With s in [0, 1] through a phase the cooldown is c + (1 - c) (1 + cos(pi s)) / 2 ("cosine") or 1 + (c - 1) h(s) / h(1),
    h(s) = 1 / sqrt(1 + alpha s) - 1 ("inverse_sqrt"; from memory, 80 % sure). Only the anneal needs the horizon: the
    constant phase can last for ever. Published runs use c of 0.25 to 0.5, d of 0.1 to 0.6 and an anneal of about 0.1.

    Args:
        step, horizon: optimizer steps after warm-up.
        cooldown: "cosine" or "inverse_sqrt".
        cooldown_fraction: d, of the horizon.
        constant: c, the multiplier of the constant phase.
        anneal_fraction: length of the anneal, of the horizon.
        floor: r, the multiplier at the end, > 0; our choice.
        alpha: shape of the inverse square root (the larger, the earlier its decay); our choice.

    >>> [round(infinite(s, 1000), 3) for s in (0, 125, 250, 900, 950)]
    [1.0, 0.675, 0.35, 0.35, 0.059]
    """
    cooled = min(step / (cooldown_fraction * horizon), 1.0)
    annealed = max(1 - (1 - step / horizon) / anneal_fraction, 0.0)
    if cooldown == "cosine":
        fallen = (1 - math.cos(math.pi * cooled)) / 2
    else:
        fallen = (1 / math.sqrt(1 + alpha * cooled) - 1) / (1 / math.sqrt(1 + alpha) - 1)
    return (1 - (1 - constant) * fallen) * (floor / constant) ** annealed

"""Warm-up, stable, decay, simplified: several budgets from one run."""

from harness import Choice, LogUniform, schedule

_SHAPES = {
    "inverse": lambda s, floor: 1 / (s / floor + 1 - s),
    "linear": lambda s, floor: 1 - (1 - floor) * s,
}


@schedule(
    paper="arXiv:2410.05192",
    space={"decay": Choice(*_SHAPES), "decay_fraction": LogUniform(0.05, 0.3), "floor": LogUniform(0.01, 0.3)},
    deviation="the budgets are fractions of one horizon; the minimum multiplier of 0.1 is our choice",
)
def wsd_s(step, horizon, budgets=(0.25, 0.5, 1.0), decay="inverse", decay_fraction=0.1, floor=0.1):
    """Warm-up-stable-decay for several budgets: 1, decay over the last fraction f of each budget, then 1 again at once.

    Training continues from the decayed weights with the optimizer's state, without a second warm-up. With s in [0, 1) through
    a decay it is 1 / (s / r + 1 - s), linear in 1 / m ("inverse"), or 1 - (1 - r) s ("linear"). From memory, unchecked
    (65 % sure): the paper's decay is linear in 1 / m; other implementations have the linear one. f is "about 0.1" there.

    Args:
        step, horizon: optimizer steps after warm-up.
        budgets: where a decay ends and a model can be reported, in fractions of the horizon.
        decay: "inverse" or "linear".
        decay_fraction: f, of each budget; a decay begins no earlier than the budget before it ends.
        floor: r, the multiplier at the end of a decay, > 0 for "inverse".

    >>> [round(wsd_s(s, 1000), 3) for s in (0, 225, 249, 250, 450, 475, 500, 900, 999)]
    [1.0, 1.0, 0.104, 1.0, 1.0, 0.182, 1.0, 1.0, 0.101]
    """
    previous = 0.0
    for end in (budget * horizon for budget in sorted(budgets)):
        if step < end - 1e-9:
            start = max((1 - decay_fraction) * end, previous)
            return 1.0 if step <= start else _SHAPES[decay]((step - start) / (end - start), floor)
        previous = end
    return 1.0

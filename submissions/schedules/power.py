"""The Power scheduler."""

from harness import LogUniform, schedule


@schedule(
    paper="arXiv:2408.13359",
    anytime=True,
    space={"cap": LogUniform(1.0, 10.0)},
    deviation="a multiplier of a tuned peak whose cap follows from the warm-up (source: from constants of language models);"
    " the final decay that the source adds before a checkpoint is reported is left out",
)
def power(step, warmup, exponent=-0.51, cap=2.0):
    """Power law in examples seen, under a cap: m = min(1, (n / n_c)^b), where n_c = cap times the warm-up's examples.

    The source's rate is min(peak, B a n^b) for batches of B sequences and n tokens; its a was fitted to language models.
    Elsewhere a is refitted: keep b, and choose a such that the curve passes through the tuned rate of a
    warm-up-stable-decay run at the median budget n_m, rate_m = B a n_m^b. In our terms the peak, which the harness tunes,
    carries the refit: peak = rate_m (n_m / n_c)^-b, and a = peak n_c^-b / B. The grid of peak rates pays for that tuning.

    From memory, unchecked: a = 4.6 and a peak of 0.02 with muP and AdamW (75 % sure), which put n_c at 6e8 tokens for
    B = 128; the decay over the last 10 % or so (70 %). b and the warm-up to min(peak, value there) are the official code's.

    Args:
        step, warmup: optimizer steps after warm-up, and the steps of the warm-up; without one its length counts as 1 step.
        exponent: b, < 0.
        cap: where min(1, ...) ends, in lengths of the warm-up counted from the very start; >= 1. 2 is our choice.

    >>> [round(power(s, warmup=50), 4) for s in (0, 50, 150, 950)]
    [1.0, 1.0, 0.7022, 0.309]
    """
    length = max(warmup, 1)
    return min(1.0, ((length + step) / (cap * length)) ** exponent)

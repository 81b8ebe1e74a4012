"""One side of claim 10: `wsd` with the 1 - sqrt cooldown; the other is `wsd` itself, whose default cooldown is linear."""

from harness import schedule
from submissions.schedules.wsd import wsd


@schedule(paper="arXiv:2405.18392")
def wsd_sqrt(step, horizon):
    """Warm-up-stable-decay with a 1 - sqrt(s) cooldown over wsd's default fraction of the horizon."""
    return wsd(step, horizon, decay="one_minus_sqrt")

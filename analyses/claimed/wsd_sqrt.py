"""Claim 10's one side: `wsd` with the 1 - sqrt cooldown; the other side is `wsd` itself, whose default is linear."""

from harness import schedule
from submissions.schedules.wsd import wsd


@schedule(paper="arXiv:2405.18392")
def wsd_sqrt(step, horizon):
    """Warm-up-stable-decay with decay 1 - sqrt(s) over wsd's default fraction of the horizon."""
    return wsd(step, horizon, decay="one_minus_sqrt")

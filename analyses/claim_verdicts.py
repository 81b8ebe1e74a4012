"""What a comparison says of a claim: STATISTICS.md's rule ("Claims"), with Holm over all comparisons of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.scoring.intervals import Estimate, holm
from harness.scoring.pairs import LEVEL

WISHES = ("better", "at least as good", "level")
"""What a claim may say of A beside B."""

TIME_MARGIN = math.log(1.02)
REGRET_MARGIN = 0.01
"""Differences that do not count, of log ratios of time and of regrets."""

CONFIRMED = "confirmed"
CONTRADICTED = "contradicted on these workloads"
OPEN = "not separable"
NOT_RUN = "not run"


@dataclass(frozen=True)
class Contest:
    """A comparison that was committed to: A is said to be `wish` beside B.

    Attributes:
        claim: its number on the page.
        a, b: names of submissions, as typed.
        track: "schedule", "self-tuning" (log ratio of time to target) or "budget" (difference of regrets).
        wish: one of `WISHES`.
        shares: of the budget; the mean over them within a study is one number. Empty in a race.
    """

    claim: int
    a: str
    b: str
    track: str
    wish: str
    shares: tuple[float, ...] = ()


@dataclass(frozen=True)
class Measured:
    """What was measured for a contest. Theta is above 0 where A does better.

    Attributes:
        contest: what was compared.
        estimate: theta; None where runs are absent, then `reason` says which.
        margin: delta, on theta's scale; 0 where no difference is too small to count.
        studies, workloads: fewest studies of a workload, and workloads.
        misses: of A and of B: studies that missed the target; in the budget track, that came to no more than the trivial model.
        bound: "≤" only A missed somewhere, "≥" only B, "~" both in different studies: the charge hides how much.
        decided: whether one of the two got anywhere at all; two that never do are not level, they are unmeasured.
        reason: why there is no estimate, or what to know about it.
    """

    contest: Contest
    estimate: Estimate | None
    margin: float
    studies: int = 0
    workloads: int = 0
    misses: tuple[int, int] = (0, 0)
    bound: str = ""
    decided: bool = True
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """A contest judged.

    Attributes:
        measured: what was found.
        p: two-sided p-value of "theta is 0", unadjusted.
        p_holm: the same, Holm-adjusted over the page.
        level: alpha of the adjusted interval.
        low, high: the adjusted interval of theta.
        verdict: in words.
    """

    measured: Measured
    p: float | None
    p_holm: float | None
    level: float | None
    low: float | None
    high: float | None
    verdict: str


def judge(found: Sequence[Measured], level: float = LEVEL) -> list[Finding]:
    """Return the findings of all contests of a page, in their order.

    The intervals are Holm's (1979) step-down levels: sort the two-sided p-values of "theta is 0" ascending, ties by place on
    the page; the interval of rank r of m has the level 1 - alpha/(m - r + 1). From the first rank on whose p exceeds its
    alpha/(m - r + 1), the steps end, and all later ranks keep that alpha. So an interval excludes 0 exactly where Holm's
    adjusted p is at most alpha. Contests that have not run count towards m, as the last ones. Margins are read from the same
    intervals: Holm's guarantee is about 0, not about them.
    """
    p_values = [m.estimate.p if m.estimate else None for m in found]
    adjusted, levels = holm(p_values), step_levels(p_values, level)
    return [_finding(*parts) for parts in zip(found, p_values, adjusted, levels, strict=True)]


def step_levels(p_values: Sequence[float | None], level: float = LEVEL) -> list[float | None]:
    """Return the alpha of each adjusted interval, None where there is no p-value.

    >>> [round(a, 4) for a in step_levels([0.001, 0.9, 0.02])]
    [0.0167, 0.05, 0.025]
    >>> [round(a, 4) for a in step_levels([0.02, 0.03, 0.04])]
    [0.0167, 0.0167, 0.0167]
    """
    order = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    levels: list[float | None] = [None] * len(p_values)
    alpha, stopped = level, False
    for place, (p, i) in enumerate(order):
        if not stopped:
            alpha = level / (len(p_values) - place)
            stopped = p > alpha
        levels[i] = alpha
    return levels


def _finding(measured: Measured, p: float | None, p_holm: float | None, level: float | None) -> Finding:
    interval = measured.estimate.interval(1 - level) if measured.estimate and level is not None else None
    if measured.estimate is None or interval is None:
        return Finding(measured, p, p_holm, None, None, None, NOT_RUN)
    low, high = interval
    words = verdict(low, high, measured.contest.wish, measured.margin, measured.contest.track) if measured.decided else OPEN
    return Finding(measured, p, p_holm, level, low, high, words)


def verdict(low: float, high: float, wish: str, margin: float, track: str = "schedule") -> str:
    """Return what the interval [low, high] of theta says of the claim that A is `wish` beside B.

    >>> verdict(0.01, 0.3, "better", TIME_MARGIN), verdict(-0.01, 0.3, "at least as good", TIME_MARGIN)
    ('confirmed', 'confirmed')
    >>> verdict(-0.01, 0.01, "better", TIME_MARGIN), verdict(-0.3, -0.1, "better", TIME_MARGIN)
    ('not separable (equal within 2 %)', 'contradicted on these workloads')
    """
    equal = -margin < low and high < margin
    confirmed = {"better": low > 0, "at least as good": low > -margin, "level": equal}[wish]
    contradicted = {"better": high < 0, "at least as good": high < -margin, "level": low > margin or high < -margin}[wish]
    if confirmed or contradicted:
        return CONFIRMED if confirmed else CONTRADICTED
    return f"{OPEN} (equal within {_told(track)})" if equal else OPEN


def _told(track: str) -> str:
    return f"{REGRET_MARGIN:g} of regret" if track == "budget" else f"{math.exp(TIME_MARGIN) - 1:.0%}".replace("%", " %")


def compound(verdicts: Sequence[str]) -> str:
    """Return the verdict on a claim of several parts: contradicted by any, confirmed when every part is.

    A claim with a part that has not run is not run, unless a part that did contradicts it.

    >>> compound(["confirmed", "not separable"]), compound(["confirmed", "not run"])
    ('not separable', 'not run')
    """
    for words in (CONTRADICTED, NOT_RUN):
        if words in verdicts:
            return words
    if set(verdicts) == {CONFIRMED}:
        return CONFIRMED
    return verdicts[0] if len(set(verdicts)) == 1 else OPEN

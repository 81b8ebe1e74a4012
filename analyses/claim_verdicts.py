"""What a measured comparison says of its claim: the rule of docs/claims.md, with Holm's adjustment over all comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analyses.comparisons import AT_LEAST, AT_MOST, BETTER, LEVEL_WITH, PlannedComparison
from harness.scoring.intervals import Estimate, holm
from harness.scoring.pairs import LEVEL

MARGIN = math.log(1.02)
"""The largest difference of log speed-ups that does not count."""

CONFIRMED = "confirmed"
CONTRADICTED = "contradicted on these workloads"
OPEN = "not separable"
NOT_TESTED = "not tested"
NOT_RUN = "not recorded yet"


@dataclass(frozen=True)
class Measured:
    """What was measured for a comparison. Theta is above 0 where A does better.

    Attributes:
        comparison: what was compared.
        estimate: theta, less the logarithm of the comparison's factor; None where trials are absent, and `reason` says which.
        margin: delta, on the scale of theta; 0 where every difference counts.
        studies: the fewest studies of any workload.
        workloads: number of workloads.
        limited: studies of A and of B that are limited: that failed, or whose quality lies beyond the ruler.
        both_limited: common studies of all workloads in which both sides are limited; such a study shows no difference.
        cells: common studies of all workloads.
        bound: "≤", "≥" or "~" before the speed-up, as `RowSpeedUp.bound`.
        reason: why there is no estimate, or what a reader must know about it.
    """

    comparison: PlannedComparison
    estimate: Estimate | None
    margin: float
    studies: int = 0
    workloads: int = 0
    limited: tuple[int, int] = (0, 0)
    both_limited: int = 0
    cells: int = 0
    bound: str = ""
    reason: str = ""

    @property
    def tested(self) -> bool:
        """Whether at most half of the common studies are limited on both sides."""
        return 2 * self.both_limited <= self.cells


@dataclass(frozen=True)
class Finding:
    """A comparison with its verdict.

    Attributes:
        measured: what was measured.
        p: two-sided p-value of "theta is 0", unadjusted.
        p_holm: the same, Holm-adjusted over all comparisons.
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


def judge(measurements: Sequence[Measured], level: float = LEVEL) -> list[Finding]:
    """Return the findings of all comparisons, in their order.

    The intervals have Holm's (1979) step-down levels: sort the two-sided p-values of "theta is 0" ascending, ties by place
    on the page; the interval of rank r of m has the level 1 - alpha/(m - r + 1). At the first rank whose p exceeds its
    alpha/(m - r + 1) the steps end, and all later ranks have that alpha too. So an interval excludes 0 exactly where Holm's
    adjusted p is at most alpha. Comparisons that have not run count towards m, as the last ones. Margins are read from the
    same intervals: Holm's guarantee is about 0, not about them.
    """
    p_values = [m.estimate.p if m.estimate else None for m in measurements]
    adjusted, levels = holm(p_values), step_levels(p_values, level)
    return [_finding(*parts) for parts in zip(measurements, p_values, adjusted, levels, strict=True)]


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
    if interval is None:
        # Without any variance there is no interval, though it has run.
        untold = OPEN if measured.tested else NOT_TESTED
        return Finding(measured, p, p_holm, None, None, None, NOT_RUN if measured.estimate is None else untold)
    low, high = interval
    text = NOT_TESTED
    if measured.tested:
        text = verdict(low, high, measured.comparison.relation, measured.margin)
    return Finding(measured, p, p_holm, level, low, high, text)


def verdict(low: float, high: float, relation: str, margin: float) -> str:
    """Return what the interval [low, high] of theta says of the claim that A is `relation` B, if it was tested.

    >>> verdict(0.01, 0.3, "better", MARGIN), verdict(-0.01, 0.3, "at least as good", MARGIN)
    ('confirmed', 'confirmed')
    >>> verdict(-0.01, 0.01, "better", MARGIN), verdict(-0.3, -0.1, "better", MARGIN)
    ('not separable (equal within 2 %)', 'contradicted on these workloads')
    """
    equal = -margin < low and high < margin
    confirmed = {BETTER: low > 0, AT_LEAST: low > -margin, LEVEL_WITH: equal, AT_MOST: high < 0}[relation]
    contradicted = {
        BETTER: high < 0,
        AT_LEAST: high < -margin,
        LEVEL_WITH: low > margin or high < -margin,
        AT_MOST: low > 0,
    }[relation]
    if confirmed or contradicted:
        return CONFIRMED if confirmed else CONTRADICTED
    return f"{OPEN} (equal within {100 * (math.exp(margin) - 1):.0f} %)" if equal else OPEN


def compound(verdicts: Sequence[str]) -> str:
    """Return the verdict on a claim of several parts: contradicted if any part is, confirmed if every part is.

    Without a contradiction, a claim with a part that has not run has itself not run, and else one with a part that is not
    tested is itself not tested. "Not recorded yet" comes first of the two, because a run can still change it; "not tested" is
    the last word on these trials.

    >>> compound(["confirmed", "not separable"]), compound(["confirmed", "not recorded yet"])
    ('not separable', 'not recorded yet')
    >>> compound(["not separable", "not tested"]), compound(["not tested", "not recorded yet"])
    ('not tested', 'not recorded yet')
    """
    for decisive in (CONTRADICTED, NOT_RUN, NOT_TESTED):
        if decisive in verdicts:
            return decisive
    if set(verdicts) == {CONFIRMED}:
        return CONFIRMED
    return verdicts[0] if len(set(verdicts)) == 1 else OPEN

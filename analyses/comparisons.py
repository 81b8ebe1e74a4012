"""The comparisons of docs/claims.md as data. They were committed before anything was run for them and must not change.

Their translation to protocol version 3 is on that page, and was committed before anything was run for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.rules import BUDGET_SHARES, FIRST_SCHEDULES, Reading, ruleset

CLAIMED = "analyses/claimed/"
"""Folder of the plug-ins that only a comparison needs."""

BETTER, AT_LEAST, LEVEL_WITH, AT_MOST = "better", "at least as good", "level", "at most as good"
RELATIONS = (BETTER, AT_LEAST, LEVEL_WITH, AT_MOST)
"""What a claim may say of A in relation to B."""


@dataclass(frozen=True)
class PlannedComparison:
    """One comparison of a claim: A is said to be `relation` B.

    Attributes:
        claim: number of the claim on the page.
        a, b: names of submissions, as typed.
        track: name of the track in which both ran.
        relation: one of `RELATIONS`.
        shares: horizons, in budgets, over which gains are averaged within a study; empty where all of the track count.
        factor: A's speed-up over B that the claim names; theta is measured from its logarithm.
    """

    claim: int
    a: str
    b: str
    track: str
    relation: str
    shares: tuple[float, ...] = ()
    factor: float = 1.0


WSD_SQRT = f"{CLAIMED}wsd_sqrt.py"
BAD_RATES = ("tenth", "tenfold")
LAW = 14
"""The claim on the loss law, which compares no two submissions."""

UNTESTABLE = {15: "not testable here"}

LOW, HIGH, FULL = BUDGET_SHARES[:2], BUDGET_SHARES[2:], BUDGET_SHARES[-1:]
"""Horizons of the `budget` track, in budgets."""

COMPARISONS = (
    PlannedComparison(1, "linear", "cosine", "schedule", AT_LEAST),
    *(PlannedComparison(2, "linear", other, "schedule", BETTER) for other in ("constant", "inverse_sqrt", "inverse_time")),
    PlannedComparison(3, "refined", "adamw+linear", "self-tuning", BETTER),
    PlannedComparison(4, "rex", "linear", "budget", BETTER, LOW),
    PlannedComparison(5, "rex", "linear", "budget", AT_LEAST, HIGH),
    *(PlannedComparison(6, "rex", other, "budget", BETTER, BUDGET_SHARES) for other in ("step", "onecycle")),
    *(
        PlannedComparison(7, "uba", other, "budget", BETTER, BUDGET_SHARES)
        for other in ("step", "cosine", "onecycle", "rex", "linear")
    ),
    *(PlannedComparison(8, "wsd_s", other, "budget", AT_LEAST, FULL) for other in ("wsd", "sgdr")),
    PlannedComparison(9, "wsd", "cosine", "schedule", AT_LEAST),
    PlannedComparison(10, WSD_SQRT, "wsd", "budget", BETTER, FULL),
    PlannedComparison(11, "autolrs", "adamw+linear", "self-tuning", BETTER),
    *(
        PlannedComparison(12, f"{CLAIMED}fedhyper_{rate}.py", f"{CLAIMED}adamw_{rate}.py+constant", "self-tuning", BETTER)
        for rate in BAD_RATES
    ),
    PlannedComparison(13, "hypergradient", "constant", "schedule", BETTER),
    PlannedComparison(LAW, "the loss law", "1 % of the loss", "budget", BETTER, FULL),
)


@dataclass(frozen=True)
class ClaimSet:
    """Claims that are declared, judged (Holm's adjustment is over all comparisons of a set) and printed together.

    Attributes:
        marker: between which markers of docs/claims.md the results stand.
        comparisons: all of them, by claim.
        untestable: {claim: why no comparison tests it}.
    """

    marker: str
    comparisons: tuple[PlannedComparison, ...]
    untestable: Mapping[int, str]

    @property
    def claims(self) -> list[int]:
        """The numbers of the claims."""
        return sorted({c.claim for c in self.comparisons} | set(self.untestable))


SCHEDULES = ClaimSet("claims", COMPARISONS, UNTESTABLE)


def submissions_of(track: str) -> tuple[str, ...]:
    """Return the submissions that the comparisons of a track need, sorted.

    In the track without targets the ten first schedules are among them: the loss law predicts all of these.
    """
    compared = {name for c in COMPARISONS if c.track == track and c.claim != LAW for name in (c.a, c.b)}
    return tuple(sorted(compared | (set(FIRST_SCHEDULES) if Reading.QUALITY in ruleset(track).reads else set())))

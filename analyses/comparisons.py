"""The comparisons of docs/claims.md as data. They were committed before anything was run for them and must not change.

Their translation to protocol version 3 is on that page, and was committed before anything was run for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.rules import BUDGET_SHARES, FIRST_SCHEDULES, Reading, ruleset

CLAIMED = "analyses/claimed/"
"""Folder of the plug-ins that only a comparison needs."""

OLD_CLAIMED = "tests/benchmarks/claimed/"
"""The same folder in records of protocol version 1, which name plug-ins by path."""

BETTER, AT_LEAST, LEVEL_WITH, AT_MOST = "better", "at least as good", "level", "at most as good"
RELATIONS = (BETTER, AT_LEAST, LEVEL_WITH, AT_MOST)
"""What a claim may say of A in relation to B."""


@dataclass(frozen=True)
class PlannedComparison:
    """One comparison of a claim: A is said to be `relation` B.

    Attributes:
        claim: number of the claim on the page.
        a, b: names of submissions, as typed.
        track: name of the track in which both ran. Off rulers, theta is a log speed-up; without them, a log ratio of times
            to target in a track with targets, else a difference of regrets.
        relation: one of `RELATIONS`.
        shares: shares of the budget over which gains or regrets are averaged within a study; empty in a track with targets,
            where all horizons of the track count.
        factor: A's speed-up over B that the claim names; theta is measured from its logarithm.
    """

    claim: int
    a: str
    b: str
    track: str
    relation: str
    shares: tuple[float, ...] = ()
    factor: float = 1.0

    @property
    def timed(self) -> bool:
        """Whether, without rulers, times to target are compared, not regrets."""
        return Reading.TIME_TO_TARGET in ruleset(self.track).reads


WSD_SQRT = f"{CLAIMED}wsd_sqrt.py"
BAD_RATES = ("tenth", "tenfold")
LAW = 14
"""The claim on the loss law, which compares no two submissions."""

UNTESTABLE = {15: "not testable here"}

LOW, HIGH, FULL = BUDGET_SHARES[:2], BUDGET_SHARES[2:], BUDGET_SHARES[-1:]
"""Shares of the `budget` track. Until protocol version 3 its shortest horizon was a tenth of the budget: records of older
versions have no comparison at low shares, or at all of them."""

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
        saved_alone: whether only the reading by compute saved counts, so that records without it are as good as none.
    """

    marker: str
    comparisons: tuple[PlannedComparison, ...]
    untestable: Mapping[int, str]
    saved_alone: bool = False

    @property
    def claims(self) -> list[int]:
        """The numbers of the claims."""
        return sorted({c.claim for c in self.comparisons} | set(self.untestable))


SCHEDULES = ClaimSet("claims", COMPARISONS, UNTESTABLE)


def submissions_of(track: str) -> tuple[str, ...]:
    """Return the submissions that the comparisons of a track need, sorted.

    In a track without targets these are also the pool in which regret is measured, and the ten first schedules are among them.
    """
    compared = {name for c in COMPARISONS if c.track == track and c.claim != LAW for name in (c.a, c.b)}
    return tuple(sorted(compared | (set(FIRST_SCHEDULES) if Reading.QUALITY in ruleset(track).reads else set())))


def current_name(submission: str) -> str:
    """Return the name by which a comparison knows a recorded submission.

    >>> current_name("tests/benchmarks/claimed/adamw_tenth.py+constant"), current_name("rex")
    ('analyses/claimed/adamw_tenth.py+constant', 'rex')
    """
    return CLAIMED + submission.removeprefix(OLD_CLAIMED) if submission.startswith(OLD_CLAIMED) else submission

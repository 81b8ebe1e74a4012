"""The comparisons of docs/claims.md as data. They were committed before any run and must not change."""

from __future__ import annotations

from analyses.claim_verdicts import Contest
from harness.rules import BUDGET_SHARES, FIRST_SCHEDULES

CLAIMED = "analyses/claimed/"
"""Where plug-ins lie that only a comparison needs."""

WSD_SQRT = f"{CLAIMED}wsd_sqrt.py"
BAD_RATES = ("tenth", "tenfold")
LAW = 14
"""The claim about the loss law, which is no pair."""

UNTESTABLE = {15: "not testable here"}

BETTER, AT_LEAST = "better", "at least as good"
ALL = BUDGET_SHARES
WHOLE = (1.0,)

CONTESTS = (
    Contest(1, "linear", "cosine", "schedule", AT_LEAST),
    *(Contest(2, "linear", other, "schedule", BETTER) for other in ("constant", "inverse_sqrt", "inverse_time")),
    Contest(3, "refined", "adamw+linear", "self-tuning", BETTER),
    Contest(4, "rex", "linear", "budget", BETTER, (0.10, 0.25)),
    Contest(5, "rex", "linear", "budget", AT_LEAST, (0.50, 1.00)),
    *(Contest(6, "rex", other, "budget", BETTER, ALL) for other in ("step", "onecycle")),
    *(Contest(7, "uba", other, "budget", BETTER, ALL) for other in ("step", "cosine", "onecycle", "rex", "linear")),
    *(Contest(8, "wsd_s", other, "budget", AT_LEAST, WHOLE) for other in ("wsd", "sgdr")),
    Contest(9, "wsd", "cosine", "schedule", AT_LEAST),
    Contest(10, WSD_SQRT, "wsd", "budget", BETTER, WHOLE),
    Contest(11, "autolrs", "adamw+linear", "self-tuning", BETTER),
    *(
        Contest(12, f"{CLAIMED}fedhyper_{rate}.py", f"{CLAIMED}adamw_{rate}.py+constant", "self-tuning", BETTER)
        for rate in BAD_RATES
    ),
    Contest(13, "hypergradient", "constant", "schedule", BETTER),
    Contest(LAW, "the loss law", "1 % of the loss", "budget", BETTER, WHOLE),
)


def named(track: str) -> tuple[str, ...]:
    """Return the submissions that the comparisons of a track need, sorted.

    In the budget track these are also the pool that regret is measured in: the ten first schedules are among them.
    """
    pairs = {name for c in CONTESTS if c.track == track and c.claim != LAW for name in (c.a, c.b)}
    return tuple(sorted(pairs | (set(FIRST_SCHEDULES) if track == "budget" else set())))

"""The results table of docs/claims.md as Markdown, with the command that reproduces each line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analyses.claim_verdicts import NOT_RUN, Finding, Measured, compound
from analyses.comparisons import AT_LEAST, BETTER, CLAIMED, LAW, LEVEL_WITH, SCHEDULES, ClaimSet, PlannedComparison
from analyses.loss_law_claim import LIMIT
from harness.rules import ruleset

SCRIPT = "python -m analyses.claims"
COLUMNS = (
    "no.",
    "comparison",
    "found",
    "95 %, alone",
    "95 %, adjusted",
    "studies x workloads",
    "limited",
    "verdict",
    "command",
)

EXPLAINED = """\
Found: A's speed-up over B. Limited: in how many studies A is, B is, and both are, which is where a study failed or its quality
lies beyond the ruler. Where that is more than a tenth of the studies, "≤" says that the speed-up is at most this, because A
failed or fell below the ruler or B lies above it, "≥" the reverse, and "~" that both occur. Where both are limited in more than
half of the studies, the comparison is not tested, whatever its interval says. "Alone" is the interval without Holm's
adjustment; `timetrial compare` prints it where its command is given."""


def verdicts(findings: Sequence[Finding], claims: ClaimSet = SCHEDULES) -> dict[int, str]:
    """Return the verdict on every claim; the parts of a claim are taken together."""
    parts: dict[int, list[str]] = {}
    for finding in findings:
        parts.setdefault(finding.measured.comparison.claim, []).append(finding.verdict)
    return {claim: compound(texts) for claim, texts in parts.items()} | dict(claims.untestable)


def table(findings: Sequence[Finding], command: str, only: int | None = None, claims: ClaimSet = SCHEDULES) -> str:
    """Return the comparisons as a Markdown table; a claim of several parts has a last line for all of them.

    Args:
        findings: all of them.
        command: what reproduces a line, without the number of its claim.
        only: print the lines of this claim only.
        claims: the set that they are of.
    """
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---:|---|---:|---:|---:|---:|---:|---|---|"]
    notes = []
    by_claim = verdicts(findings, claims)
    for claim in sorted(by_claim) if only is None else [only]:
        adjusted = f"`{command} --claim {claim}`"
        own = [finding for finding in findings if finding.measured.comparison.claim == claim]
        lines += ["| " + " | ".join((*_cells(f), _unadjusted_command(f, command) + adjusted)) + " |" for f in own]
        if len(own) != 1:
            what = "all parts" if own else "see the list above"
            lines.append(f"| {claim} | {what} | | | | | | **{by_claim[claim]}** | {adjusted} |")
        notes += [f"- {claim}, {in_words(f.measured.comparison)}: {f.measured.reason}." for f in own if f.measured.reason]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def in_words(comparison: PlannedComparison) -> str:
    """Return what a comparison says of its two sides."""
    if comparison.claim == LAW:
        return "the loss law's error at the end, against 1 %"
    a, b = (name.replace(CLAIMED, "").replace(".py", "") for name in (comparison.a, comparison.b))
    shares = f" at {', '.join(f'{100 * share:g}' for share in comparison.shares)} %" if comparison.shares else ""
    if comparison.factor != 1:
        return f"`{a}` {comparison.relation.removesuffix(' as good')} {comparison.factor:g} times `{b}`"
    preposition = {BETTER: "than", AT_LEAST: "as", LEVEL_WITH: "with"}[comparison.relation]
    return f"`{a}` {comparison.relation} {preposition} `{b}`{shares}"


def _cells(finding: Finding) -> tuple[str, ...]:
    measured, comparison = finding.measured, finding.measured.comparison
    what = f"{in_words(comparison)} ({comparison.track})"
    if measured.estimate is None:
        return (str(comparison.claim), what, "", "", "", "", "", NOT_RUN)
    value = _number(measured, measured.estimate.value)
    alone = _interval(measured, measured.estimate.interval())
    adjusted = _interval(measured, None if finding.low is None or finding.high is None else (finding.low, finding.high))
    sizes = f"{measured.studies} x {measured.workloads}"
    limited = "" if comparison.claim == LAW else ", ".join(map(str, (*measured.limited, measured.both_limited)))
    return (str(comparison.claim), what, f"{measured.bound}{value}", alone, adjusted, sizes, limited, f"**{finding.verdict}**")


def _interval(measured: Measured, ends: tuple[float, float] | None) -> str:
    if ends is None:
        return ""
    return f"[{', '.join(_number(measured, end) for end in sorted(ends, reverse=measured.comparison.claim == LAW))}]"


def _number(measured: Measured, theta: float) -> str:
    if measured.comparison.claim == LAW:
        return f"{100 * (LIMIT - theta):.2f} %"
    return f"{measured.comparison.factor * math.exp(theta):.3f}"


def _unadjusted_command(finding: Finding, command: str) -> str:
    """The `timetrial compare` command that prints the same numbers without Holm.

    "" where it has not run, and where that command would use another clock or other horizons.
    """
    comparison, track = finding.measured.comparison, ruleset(finding.measured.comparison.track)
    whole = comparison.shares in ((), track.horizons)
    if finding.measured.estimate is None or not whole or track.clock != "examples":
        return ""
    results = command.removeprefix(SCRIPT).strip()
    return f"`timetrial compare {comparison.a} {comparison.b} --results {results} --track {track.name}`; adjusted: "

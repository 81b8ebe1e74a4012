"""The results table of docs/claims.md as Markdown, with the command that reproduces each line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analyses.claim_verdicts import NOT_RUN, Finding, compound
from analyses.comparisons import AT_LEAST, BETTER, CLAIMED, LAW, LEVEL_WITH, UNTESTABLE, PlannedComparison
from analyses.loss_law_claim import LIMIT
from harness.rules import ruleset

SCRIPT = "python -m analyses.claims"
COLUMNS = ("no.", "comparison", "found", "95 %, alone", "95 %, adjusted", "studies x workloads", "misses", "verdict", "command")

EXPLAINED = """\
How many times faster A is than B (`schedule`, `self-tuning`), or B's regret minus A's (`budget`); "≤" where only A missed a
target and was charged the budget, "≥" where only B did, "~" both. Misses: studies of A and of B that missed; in the budget
track, that ended no better than an untrained model. "Alone" is the interval without Holm's adjustment, which `timetrial
compare` prints for pairs of the schedule track."""


def verdicts(findings: Sequence[Finding]) -> dict[int, str]:
    """Return the verdict on every claim; the parts of a claim are taken together."""
    parts: dict[int, list[str]] = {}
    for finding in findings:
        parts.setdefault(finding.measured.comparison.claim, []).append(finding.verdict)
    return {claim: compound(texts) for claim, texts in parts.items()} | UNTESTABLE


def table(findings: Sequence[Finding], command: str, only: int | None = None) -> str:
    """Return the comparisons as a Markdown table; a claim of several parts has a last line for all of them.

    Args:
        findings: all of them.
        command: what reproduces a line, without the number of its claim.
        only: print the lines of this claim only.
    """
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---:|---|---:|---:|---:|---:|---:|---|---|"]
    notes = []
    by_claim = verdicts(findings)
    for claim in sorted(by_claim) if only is None else [only]:
        adjusted = f"`{command} --claim {claim}`"
        own = [finding for finding in findings if finding.measured.comparison.claim == claim]
        lines += ["| " + " | ".join((*_cells(f), _unadjusted_command(f, command) + adjusted)) + " |" for f in own]
        if len(own) != 1:
            what = "all parts" if own else "see the list above"
            lines.append(f"| {claim} | {what} | | | | | | **{by_claim[claim]}** | {adjusted} |")
        notes += [f"- {claim}, {_in_words(f.measured.comparison)}: {f.measured.reason}." for f in own if f.measured.reason]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _in_words(comparison: PlannedComparison) -> str:
    if comparison.claim == LAW:
        return "the loss law's error at the end, against 1 %"
    a, b = (name.replace(CLAIMED, "").replace(".py", "") for name in (comparison.a, comparison.b))
    shares = f" at {', '.join(f'{100 * share:.0f}' for share in comparison.shares)} %" if comparison.shares else ""
    preposition = {BETTER: "than", AT_LEAST: "as", LEVEL_WITH: "with"}[comparison.relation]
    return f"`{a}` {comparison.relation} {preposition} `{b}`{shares}"


def _cells(finding: Finding) -> tuple[str, ...]:
    measured, comparison = finding.measured, finding.measured.comparison
    what = f"{_in_words(comparison)} ({comparison.track})"
    if finding.verdict == NOT_RUN or measured.estimate is None or finding.low is None or finding.high is None:
        return (str(comparison.claim), what, "", "", "", "", "", NOT_RUN)
    value = _number(comparison, measured.estimate.value)
    alone = _interval(comparison, measured.estimate.interval())
    adjusted = _interval(comparison, (finding.low, finding.high))
    sizes, misses = f"{measured.studies} x {measured.workloads}", f"{measured.misses[0]}, {measured.misses[1]}"
    return (str(comparison.claim), what, f"{measured.bound}{value}", alone, adjusted, sizes, misses, f"**{finding.verdict}**")


def _interval(comparison: PlannedComparison, ends: tuple[float, float] | None) -> str:
    if ends is None:
        return ""
    return f"[{', '.join(_number(comparison, end) for end in sorted(ends, reverse=comparison.claim == LAW))}]"


def _number(comparison: PlannedComparison, theta: float) -> str:
    if comparison.claim == LAW:
        return f"{100 * (LIMIT - theta):.2f} %"
    return f"{math.exp(theta):.3f}" if comparison.timed else f"{theta:+.4f}"


def _unadjusted_command(finding: Finding, command: str) -> str:
    """The `timetrial compare` command that prints the same numbers without Holm; "" where it would use another clock."""
    comparison = finding.measured.comparison
    if not comparison.timed or ruleset(comparison.track).clock != "examples" or finding.verdict == NOT_RUN:
        return ""
    results = command.removeprefix(SCRIPT).strip()
    a, b, track = comparison.a, comparison.b, comparison.track
    return f"`timetrial compare {a} {b} --results {results} --track {track}`; adjusted: "

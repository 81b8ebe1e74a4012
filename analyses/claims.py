"""The results of docs/claims.md: every comparison that was committed to, from one directory of records.

    python -m analyses.claims RESULTS [--claim N] [--write docs/claims.md] [--json]
    python -m analyses.claims RESULTS --trained [--write docs/claims.md]

`make reference` makes the runs. A comparison whose runs are absent, or not all there, is told as not run. The interval of a
comparison depends on all others (Holm), so ``--claim`` measures all and prints one.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analyses.claim_measurements import measure_race, measure_regret
from analyses.claim_verdicts import NOT_RUN, Contest, Finding, Measured, compound, judge
from analyses.claimed_law import LIMIT, measure_law
from analyses.comparisons import CLAIMED, CONTESTS, LAW, UNTESTABLE, named
from analyses.study_regrets import study_regrets
from analyses.trained import builtin_names, trained, trained_table
from harness.contracts.errors import BadInput
from harness.records import plain
from harness.registry import find_workload, suites
from harness.registry.sources import ROOT
from harness.results import ResultStore, board_input
from harness.rules import DEFAULT_SUITE, TRACKS

SCRIPT = "python -m analyses.claims"
COLUMNS = ("no.", "comparison", "found", "95 %, alone", "95 %, adjusted", "studies x workloads", "misses", "verdict", "command")


def findings(results: Path, suite: str) -> list[Finding]:
    """Return all comparisons, measured and judged."""
    frames = {track: board_input(results, track=track, suite=suite, absent_ok=True) for track in {c.track for c in CONTESTS}}
    workloads = {track: expected(suite, given.skipped) for track, given in frames.items()}
    pool = named("budget")
    budget = frames["budget"].trials
    budget = budget if budget.empty else budget[budget["submission"].isin(pool)]
    regrets = study_regrets(budget) if not budget.empty else budget
    measured: list[Measured] = []
    for contest in CONTESTS:
        labels = workloads[contest.track]
        if contest.claim == LAW:
            current = set() if budget.empty else set(budget["id"])
            records = (record for record in ResultStore(results).records() if record.spec.id in current)
            measured.append(measure_law(records, contest, labels, pool))
        elif contest.track == "budget":
            measured.append(measure_regret(regrets, contest, labels, pool=pool))
        else:
            measured.append(measure_race(frames[contest.track].trials, contest, labels))
    return judge(measured)


def expected(suite: str, skipped: Mapping[str, str]) -> list[str]:
    """Return the labels of the suite's workloads, less those that a run had to skip."""
    labels = [find_workload(name, suite).label for name in suites()[suite]]
    return [label for label in labels if label not in skipped]


def verdicts(found: Sequence[Finding]) -> dict[int, str]:
    """Return the verdict on every claim, those of several parts together."""
    parts: dict[int, list[str]] = {}
    for finding in found:
        parts.setdefault(finding.measured.contest.claim, []).append(finding.verdict)
    return {claim: compound(words) for claim, words in parts.items()} | UNTESTABLE


def table(found: Sequence[Finding], command: str, only: int | None = None) -> str:
    """Return the comparisons as a Markdown table; a claim of several parts has a last line for all of them.

    Args:
        found: from `findings`, all of them.
        command: what stands beside each, less its claim.
        only: one claim's lines.
    """
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---:|---|---:|---:|---:|---:|---:|---|---|"]
    notes = []
    whole = verdicts(found)
    for claim in sorted(whole) if only is None else [only]:
        beside = f"`{command} --claim {claim}`"
        own = [finding for finding in found if finding.measured.contest.claim == claim]
        lines += ["| " + " | ".join((*_cells(finding), _alone(finding, command) + beside)) + " |" for finding in own]
        if len(own) != 1:
            what = "all parts" if own else "see the list above"
            lines.append(f"| {claim} | {what} | | | | | | **{whole[claim]}** | {beside} |")
        notes += [f"- {claim}, {_who(f)}: {f.measured.reason}." for f in own if f.measured.reason]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _who(finding: Finding) -> str:
    contest = finding.measured.contest
    a, b = (name.replace(CLAIMED, "").replace(".py", "") for name in (contest.a, contest.b))
    if contest.claim == LAW:
        return "the loss law's error at the end, against 1 %"
    shares = f" at {', '.join(f'{100 * share:.0f}' for share in contest.shares)} %" if contest.shares else ""
    joined = {"better": "than", "at least as good": "as", "level": "with"}[contest.wish]
    return f"`{a}` {contest.wish} {joined} `{b}`{shares}"


def _cells(finding: Finding) -> tuple[str, ...]:
    measured, contest = finding.measured, finding.measured.contest
    who = f"{_who(finding)} ({contest.track})"
    if finding.verdict == NOT_RUN or measured.estimate is None or finding.low is None or finding.high is None:
        return (str(contest.claim), who, "", "", "", "", "", NOT_RUN)
    value = _shown(contest.claim, contest.track, measured.estimate.value)
    alone = _interval(contest, measured.estimate.interval())
    interval = _interval(contest, (finding.low, finding.high))
    sizes, misses = f"{measured.studies} x {measured.workloads}", f"{measured.misses[0]}, {measured.misses[1]}"
    return (str(contest.claim), who, f"{measured.bound}{value}", alone, interval, sizes, misses, f"**{finding.verdict}**")


def _interval(contest: Contest, ends: tuple[float, float] | None) -> str:
    if ends is None:
        return ""
    return f"[{', '.join(_shown(contest.claim, contest.track, end) for end in sorted(ends, reverse=contest.claim == LAW))}]"


def _alone(finding: Finding, command: str) -> str:
    """The command of a pair of the schedule track that prints its numbers without Holm; "" of others."""
    contest = finding.measured.contest
    if contest.track != "schedule" or finding.verdict == NOT_RUN:
        return ""
    where = command.removeprefix(SCRIPT).strip()
    return f"`timetrial compare {contest.a} {contest.b} --results {where} --track schedule`; adjusted: "


def _shown(claim: int, track: str, theta: float) -> str:
    if claim == LAW:
        return f"{100 * (LIMIT - theta):.2f} %"
    return f"{theta:+.4f}" if track == "budget" else f"{math.exp(theta):.3f}"


EXPLAINED = """\
How many times faster A is than B (`schedule`, `self-tuning`), or B's regret less A's (`budget`); "≤" where only A missed a
target and was charged the budget, "≥" where only B did, "~" both. Misses: studies of A and of B that missed; in the budget
track, that came to no more than a model that has learnt nothing. "Alone" is the interval without Holm, which `timetrial
compare` prints for pairs of the schedule track."""


def as_json(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings as strict JSON types."""
    whole = verdicts(found)
    values = [{**asdict(finding), "claim_verdict": whole[finding.measured.contest.claim]} for finding in found]
    return [plain(value) for value in values]


def fill(page: Path, marker: str, text: str) -> None:
    """Put `text` between the page's two markers; the rest of the page stays.

    Raises:
        BadInput: the page does not have each marker once.
    """
    before, after = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    content = page.read_text(encoding="utf-8")
    if content.count(before) != 1 or content.count(after) != 1 or content.index(before) > content.index(after):
        raise BadInput(f"{page} needs the lines '{before.strip()}' and '{after}', once each and in this order")
    head, rest = content.split(before)
    tail = rest.split(after)[1]
    page.write_text(f"{head}{before}{text}\n{after}{tail}", encoding="utf-8")


def shown(results: Path) -> str:
    """Return the directory as the page has it: no path of this machine."""
    full = results.resolve()
    return full.relative_to(ROOT).as_posix() if full.is_relative_to(ROOT) else "RESULTS"


def command_for(results: Path, suite: str) -> str:
    """Return the command as the page has it."""
    return f"{SCRIPT} {shown(results)}" + ("" if suite == DEFAULT_SUITE else f" --suite {suite}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print or write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="directory of records")
    parser.add_argument(
        "--claim", type=int, choices=sorted({c.claim for c in CONTESTS} | set(UNTESTABLE)), help="print only this"
    )
    parser.add_argument("--suite", default=DEFAULT_SUITE, choices=sorted(suites()))
    parser.add_argument("--write", type=Path, metavar="PAGE", help="fill this page between its markers")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--trained", action="store_true", help="whether every submission trained on every workload; 1 if not")
    given = parser.parse_args(arguments)
    if given.write and (given.claim or given.json):
        parser.error("--write takes all claims: leave --claim and --json out")
    try:
        return _trained(given) if given.trained else _claims(given)
    except BadInput as reason:
        print(f"claims: {reason}", file=sys.stderr)
        return 2


def _claims(given: argparse.Namespace) -> int:
    found = findings(given.results, given.suite)
    command = command_for(given.results, given.suite)
    if given.json:
        chosen = [f for f in found if given.claim in (None, f.measured.contest.claim)]
        print(json.dumps(as_json(chosen), allow_nan=False))
        return 0
    text = table(found, command, given.claim)
    print(text)
    if given.write:
        whole = f"The runs: `make reference REFERENCE={shown(given.results)}`; this table: `{command} --write docs/claims.md`."
        fill(given.write, "claims", f"{EXPLAINED}\n\n{text}\n\n{whole}")
    return 0


def _trained(given: argparse.Namespace) -> int:
    frames = [board_input(given.results, track=track, suite=given.suite, absent_ok=True).trials for track in TRACKS]
    cells = trained(frames, builtin_names(), expected(given.suite, {}))
    text = trained_table(cells)
    print(text)
    if given.write:
        fill(given.write, "trained", f"{text}\n\n`{command_for(given.results, given.suite)} --trained`")
    return 1 if any(cell.empty or cell.troubled for cell in cells) else 0


if __name__ == "__main__":
    sys.exit(main())

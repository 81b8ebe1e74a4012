"""The results of docs/claims.md: every comparison that was planned, measured from one directory of records.

    python -m analyses.claims RESULTS [--claim N] [--write docs/claims.md] [--json]
    python -m analyses.claims RESULTS --of optimizers [...]
    python -m analyses.claims RESULTS --trained [--write docs/claims.md]

`make reference` runs the trials. Plug-ins that only a claim compares (``analyses/claimed``) are recorded in RESULTS/claimed, so
that no board ranks what is made to be a bad start, and are read from there. A comparison whose trials are absent or too few is
listed as "not recorded yet". The interval of a comparison depends on all others of its set (Holm), so ``--claim`` measures
all of them and prints one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from analyses.claim_savings import measure_savings
from analyses.claim_table import EXPLAINED, SCRIPT, table, verdicts
from analyses.claim_verdicts import Finding, Measured, judge
from analyses.comparisons import CLAIMED, LAW, SCHEDULES, ClaimSet, submissions_of
from analyses.loss_law_claim import measure_law
from analyses.optimizer_comparisons import OPTIMIZERS, names
from analyses.trained import builtin_names, trained, trained_table
from harness.canonical import plain
from harness.contracts.errors import BadInput
from harness.records import TrialRecord
from harness.registry import find_workload, suites
from harness.registry.sources import ROOT
from harness.results import BoardInput, ResultStore, board_input
from harness.rules import DEFAULT_SUITE, TRACKS

SETS = {"schedules": SCHEDULES, "optimizers": OPTIMIZERS}
"""What ``--of`` takes."""

CLAIMED_FOLDER = "claimed"
"""Where, below a results directory, the plug-ins are recorded that only claims compare."""


def findings(results: Path, suite: str, claims: ClaimSet = SCHEDULES) -> list[Finding]:
    """Return all comparisons of a set, measured and judged."""
    inputs = {track: recorded_trials(results, track, suite) for track in {c.track for c in claims.comparisons}}
    workloads = {track: expected(suite, given.skipped) for track, given in inputs.items()}
    measured: list[Measured] = []
    for comparison in claims.comparisons:
        trials, labels = inputs[comparison.track].trials, workloads[comparison.track]
        if comparison.claim == LAW:
            records = _records(results, trials)
            measured.append(measure_law(records, comparison, labels, submissions_of(comparison.track)))
        else:
            measured.append(measure_savings(trials, comparison, labels))
    return judge(measured)


def recorded_trials(results: Path, track: str, suite: str) -> BoardInput:
    """Return the trials of a track, those in ``claimed`` included."""
    given = [board_input(folder, track=track, suite=suite, absent_ok=True) for folder in _folders(results)]
    trials = pd.concat(found) if (found := [each.trials for each in given if not each.trials.empty]) else given[0].trials
    skipped = {label: reason for each in given for label, reason in each.skipped.items()}
    return replace(given[0], trials=trials.reset_index(drop=True), skipped=skipped)


def _folders(results: Path) -> list[Path]:
    """Return the results directory, and the one in it for the plug-ins that only claims compare, if there is one."""
    return [results, *(path for path in [results / CLAIMED_FOLDER] if path.is_dir())]


def _records(results: Path, trials: pd.DataFrame) -> list[TrialRecord]:
    current = set() if trials.empty else set(trials["id"])
    records = (record for folder in _folders(results) for record in ResultStore(folder).records())
    return [record for record in records if record.spec.id in current]


def expected(suite: str, skipped: Mapping[str, str]) -> list[str]:
    """Return the labels of the suite's workloads without those that a run had to skip."""
    labels = [find_workload(name, suite).label for name in suites()[suite]]
    return [label for label in labels if label not in skipped]


def as_json(judged: Sequence[Finding], claims: ClaimSet) -> list[dict[str, Any]]:
    """Return the findings of a set as strict JSON types."""
    by_claim = verdicts(judged, claims)
    values = [{**asdict(finding), "claim_verdict": by_claim[finding.measured.comparison.claim]} for finding in judged]
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


def shown_path(results: Path) -> str:
    """Return the directory as the page names it: relative to the checkout, or a placeholder, never a path of this machine."""
    full = results.resolve()
    return full.relative_to(ROOT).as_posix() if full.is_relative_to(ROOT) else "RESULTS"


def command_for(results: Path, suite: str) -> str:
    """Return this command as the page names it."""
    return f"{SCRIPT} {shown_path(results)}" + ("" if suite == DEFAULT_SUITE else f" --suite {suite}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print or write; return the exit status."""
    parser = argparse.ArgumentParser(prog=SCRIPT, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    claims = [claim for claims in SETS.values() for claim in claims.claims]
    parser.add_argument("results", type=Path, metavar="RESULTS", help="directory of records")
    parser.add_argument("--claim", type=int, choices=claims, metavar="N", help="print only this claim")
    parser.add_argument("--of", choices=sorted(SETS), help="which claims (default: those of --claim, else of schedules)")
    parser.add_argument("--suite", default=DEFAULT_SUITE, choices=sorted(suites()))
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the table between the markers of this page")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--trained",
        action="store_true",
        help="instead, list which submissions trained on which workloads; status 1 if one did not",
    )
    given = parser.parse_args(arguments)
    if given.write and (given.claim or given.json):
        parser.error("--write takes all claims: leave --claim and --json out")
    try:
        return _trained(given) if given.trained else _claims(given)
    except BadInput as reason:
        print(f"claims: {reason}", file=sys.stderr)
        return 2


def _claims(given: argparse.Namespace) -> int:
    of = given.of or next((name for name, claims in SETS.items() if given.claim in claims.claims), "schedules")
    claims = SETS[of]
    if given.claim not in (None, *claims.claims):
        raise BadInput(f"claim {given.claim} is none of {of}: leave --of out")
    judged = findings(given.results, given.suite, claims)
    command = command_for(given.results, given.suite)
    if given.json:
        chosen = [f for f in judged if given.claim in (None, f.measured.comparison.claim)]
        print(json.dumps(as_json(chosen, claims), allow_nan=False))
        return 0
    text = table(judged, command, given.claim, claims)
    print(text)
    if given.write:
        fill(given.write, claims.marker, f"{EXPLAINED}\n\n{text}\n\n{_source(command, shown_path(given.results), of)}")
    return 0


def _source(command: str, results: str, of: str) -> str:
    """Return what ran, and what wrote the table, in words."""
    if of == "schedules":
        return f"The runs: `make reference REFERENCE={results}`; this table: `{command} --write docs/claims.md`."
    run = "timetrial run --track self-tuning --results"
    claimed = [name for name in names() if name.startswith(CLAIMED)]
    others = [name for name in names() if name not in claimed]
    runs = {f"{run} {results}": others, f"{run} {results}/{CLAIMED_FOLDER}": claimed}
    text = "\n".join(" \\\n  ".join([line, *(f"-s {name}" for name in raced)]) for line, raced in runs.items())
    ran = f"The runs (a part of the reference result):\n\n```\n{text}\n```"
    return f"{ran}\n\nThis table: `{command} --of {of} --write docs/claims.md`."


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

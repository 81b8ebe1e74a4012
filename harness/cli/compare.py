"""`timetrial compare A B`: two submissions on the same workloads and studies; without torch."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import app
from harness.contracts.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from harness.scoring import Comparison


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="a submission with records")],
    b: Annotated[str, typer.Argument(metavar="B", help="another submission with records")],
    results: options.Results = Path("results"),
    clock: options.Clock = "",
    track: options.BoardTrack = "",
    suite: options.BoardSuite = "",
    as_json: Annotated[bool, typer.Option("--json", help="print the comparison as a JSON object")] = False,
) -> int:
    """Compare two submissions on the same workloads and studies.

    The ratio says how many times faster A is, per workload and over all. Its p-value is not adjusted for other comparisons.
    """
    options.check_clock(clock)
    from harness.results import board_input
    from harness.rules import ruleset
    from harness.scoring import compare as compare_two
    from harness.scoring import comparison_json

    trials = board_input(results, track=track, suite=suite).trials
    if trials.empty:
        raise BadInput(f"no complete study in '{results}' yet: `timetrial run --results {results}` resumes the run")
    comparison = compare_two(trials, a, b, clock=clock or ruleset(str(trials["track"].iloc[0])).clock)
    if as_json:
        print(json.dumps(comparison_json(comparison), allow_nan=False))
        return 0
    from rich.console import Console

    from harness.report.words import one_line

    console = Console(highlight=False, soft_wrap=True)
    head = f"A is {one_line(a)}, B is {one_line(b)}; median {comparison.clock}; ratio: how many times faster A is"
    console.print(head, markup=False)
    console.print(_table(comparison, plain=not console.is_terminal))
    for line in (comparison.sentence, _faster_studies(comparison), *comparison.notes):
        if line:
            console.print(one_line(line), markup=False)
    return 0


def _table(comparison: Comparison, *, plain: bool) -> Table:
    """Return a table with a row per workload: median times, ratio, wins; and a last row over all workloads."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from harness.report.words import amount, one_line, ratio_span, ratio_text

    pair = comparison.pair
    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("workload", no_wrap=True)
    for head in ("A", "B", "ratio", "95 %", "A wins", "B wins", "ties"):
        table.add_column(head, justify="right", no_wrap=True)
    for workload, ratio in pair.workloads.items():
        medians = [amount(median(x), comparison.clock) for x in comparison.times[workload]]
        counts = [str(n) for n in (ratio.wins, ratio.losses, ratio.ties)]
        table.add_row(Text(one_line(workload, 40)), *medians, f"{ratio.bound}{ratio_text(ratio.ratio)}", "", *counts)
    totals = [str(sum(getattr(r, name) for r in pair.workloads.values())) for name in ("wins", "losses", "ties")]
    table.add_row(
        Text("all", style="" if plain else "bold"),
        *("", "", f"{pair.bound}{ratio_text(pair.ratio)}", ratio_span(pair.low, pair.high)),
        *totals,
    )
    return table


def median(times: tuple[float, ...]) -> float:
    """Return the median study time: absent studies (NaN) are left out, misses (infinity) count; NaN if there are none."""
    known = sorted(t for t in times if not math.isnan(t))
    if not known:
        return math.nan
    low, high = known[(len(known) - 1) // 2], known[len(known) // 2]
    return low if low == high else (low + high) / 2


def _faster_studies(comparison: Comparison) -> str:
    """Return a sentence on the share of studies in which A is faster, or "" if there is no such share."""
    pair = comparison.pair
    if pair.faster is None or pair.faster_low is None or pair.faster_high is None:
        return ""
    return (
        f"{pair.a} is faster in {pair.faster:.0%} of its studies, where ties count half "
        f"[{pair.faster_low:.0%}, {pair.faster_high:.0%}]: a frequency, not a confidence."
    )

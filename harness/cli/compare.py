"""`timetrial compare A B`: two submissions on the same workloads and studies, without torch."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput
from harness.records import CLOCKS

if TYPE_CHECKING:
    from rich.table import Table

    from harness.scoring import Comparison


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="a submission with results")],
    b: Annotated[str, typer.Argument(metavar="B", help="another one")],
    results: Annotated[Path, typer.Option(help="directory of records")] = Path("results"),
    clock: Annotated[str, typer.Option(help="examples, seconds or steps (default: the track's)")] = "",
    track: Annotated[str, typer.Option(help="which board, where there are several (default: the newest run's)")] = "",
    suite: Annotated[str, typer.Option(help="which board, where there are several (default: the newest run's)")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print the comparison as JSON")] = False,
) -> int:
    """Say how many times faster A is than B, per workload and overall; unadjusted for other comparisons."""
    if clock and clock not in CLOCKS:
        raise BadInput(f"no clock '{clock}': choose one of {', '.join(CLOCKS)}")
    from harness.results import board_input
    from harness.rules import ruleset
    from harness.scoring import compare as compare_two
    from harness.scoring import comparison_json

    trials = board_input(results, track=track, suite=suite).trials
    if trials.empty:
        raise BadInput(f"no complete study in '{results}' yet: run `timetrial run --results {results}` again, it resumes")
    found = compare_two(trials, a, b, clock=clock or ruleset(str(trials["track"].iloc[0])).clock)
    if as_json:
        print(json.dumps(comparison_json(found), allow_nan=False))
        return 0
    from rich.console import Console

    from harness.report.words import one_line

    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"A is {one_line(a)}, B is {one_line(b)}; median {found.clock}; ratio: how many times faster A is", markup=False
    )
    console.print(_table(found, plain=not console.is_terminal))
    for line in (found.sentence, _frequency(found), *found.notes):
        if line:
            console.print(one_line(line), markup=False)
    return 0


def _table(found: Comparison, *, plain: bool) -> Table:
    """One line a workload: median times, how many times faster A is, wins; the last line is over all workloads."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from harness.report.words import amount, one_line, ratio_span, ratio_text

    pair = found.pair
    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("workload", no_wrap=True)
    for head in ("A", "B", "ratio", "95 %", "A wins", "B wins", "level"):
        table.add_column(head, justify="right", no_wrap=True)
    for workload, ratio in pair.workloads.items():
        middle = [amount(median(x), found.clock) for x in found.times[workload]]
        counts = [str(n) for n in (ratio.wins, ratio.losses, ratio.ties)]
        table.add_row(Text(one_line(workload, 40)), *middle, f"{ratio.bound}{ratio_text(ratio.ratio)}", "", *counts)
    totals = [str(sum(getattr(r, name) for r in pair.workloads.values())) for name in ("wins", "losses", "ties")]
    table.add_row(
        Text("all", style="" if plain else "bold"),
        *("", "", f"{pair.bound}{ratio_text(pair.ratio)}", ratio_span(pair.low, pair.high)),
        *totals,
    )
    return table


def median(times: tuple[float, ...]) -> float:
    """Return the median study time: missing studies (NaN) are left out, infinity takes part; NaN without any."""
    known = sorted(t for t in times if not math.isnan(t))
    if not known:
        return math.nan
    low, high = known[(len(known) - 1) // 2], known[len(known) // 2]
    return low if low == high else (low + high) / 2


def _frequency(found: Comparison) -> str:
    pair = found.pair
    if pair.faster is None or pair.faster_low is None or pair.faster_high is None:
        return ""
    return (
        f"{pair.a} is the faster one in {pair.faster:.0%} of its studies, ties half "
        f"[{pair.faster_low:.0%}, {pair.faster_high:.0%}]: a frequency, not a confidence."
    )

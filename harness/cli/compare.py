"""`timetrial compare A B`: two submissions on the same workloads and studies; without torch."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import app
from harness.cli.left_out import print_left_out
from harness.cli.lines import print_line
from harness.cli.report import with_reference
from harness.contracts.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from harness.results import BoardInput
    from harness.scoring import BothReadings, Comparison, Pair, SavedComparison


@app.command()
def compare(
    a: Annotated[
        str, typer.Argument(metavar="A", help="a submission with records; NAME@previous or NAME@HASH: an older version of it")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="another submission with records")],
    results: options.Results = Path("results"),
    clock: options.Clock = "",
    track: options.BoardTrack = "",
    suite: options.BoardSuite = "",
    time: Annotated[bool, typer.Option("--time", help="print the table of times to the target instead")] = False,
    reference: options.Reference = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the comparison as a JSON object")] = False,
) -> int:
    """Compare two submissions on the same workloads and studies.

    It prints both readings of the same trials: how much compute A saves over B, and how much faster it reaches the targets.
    P-values are not adjusted for other comparisons. After an edit, `compare NAME NAME@previous` has both versions.
    """
    options.check_clock(clock)
    from harness.results import board_input
    from harness.rules import ruleset
    from harness.scoring import compare_both, comparison_json

    given = board_input(results, track=track, suite=suite)
    print_left_out(given.damaged, partial(print, file=sys.stderr))
    trials = given.trials
    given.check_for_studies(results)
    _check_finished(given, (a, b))
    if reference:
        trials = with_reference(given, track, suite).trials
    _check_board(results, trials, (a, b), reference=reference)
    for line in options.edited_lines(trials[trials["submission"].isin((a, b))]):
        print(line, file=sys.stderr)
    trials, a = options.with_recorded(results, trials, a)
    trials, b = options.with_recorded(results, trials, b)
    both = compare_both(trials, a, b, clock=clock or ruleset(str(trials["track"].iloc[0])).clock)
    if time and both.times is None:
        raise BadInput(f"--time: {ruleset(str(trials['track'].iloc[0])).title} has no target, so there are no times to it")
    if as_json:
        print(json.dumps(comparison_json(both), allow_nan=False))
        return 0
    from rich.console import Console

    from harness.report.words import one_line

    console = Console(highlight=False, soft_wrap=True)
    plain = not console.is_terminal
    print_line(f"A is {one_line(a)}, B is {one_line(b)}; clock: {both.clock}", console)
    if both.saved is not None and not time:
        print_line("speed-up: by what factor more budget the reference recipe needs to gain as much as A gains over B", console)
        console.print(_saved_table(both.saved, plain=plain))
    if both.times is not None and (time or both.saved is None):
        print_line("ratio: how many times faster A reaches the target; median times", console)
        console.print(_table(both.times, plain=plain))
    for line in _sentences(both):
        print_line(one_line(line), console)
    return 0


def _check_finished(given: BoardInput, typed: Sequence[str]) -> None:
    """Check that no submission has left the board because its race was interrupted after an edit.

    Raises:
        BadInput: one has.
    """
    from harness.report import unfinished_lines

    known = set(given.trials["submission"])
    for item in given.unfinished:
        if item.submission not in known and item.submission in typed:
            raise BadInput(unfinished_lines((item,))[0])


def _check_board(results: Path, trials: pd.DataFrame, typed: Sequence[str], *, reference: bool) -> None:
    """Check that no submission is on another board only, as after a run of another track, or in the reference result only.

    Raises:
        BadInput: one is.
    """
    from harness.results import open_results, reference_names
    from harness.results.versions import split_version

    known = set(trials["submission"])
    track, suite = (str(trials[column].iloc[0]) for column in ("track", "suite"))
    names = [options.recorded_name(split_version(name, known)[0], known) for name in typed]
    if all(name in known for name in names):
        return
    notes = [note for note in open_results(results).runs() if not note.pair and (note.track, note.suite) != (track, suite)]
    for name in names:
        others = {f"--track {n.track} --suite {n.suite}" for n in notes if any(cell[0] == name for cell in n.trials.values())}
        if name not in known and others:
            here = f"the board of the {track} track and the {suite} suite has no '{name}'"
            raise BadInput(f"{here}: add {' or '.join(sorted(others))}, whose board has it")
        if name not in known and not reference and name in reference_names(track, suite):
            raise BadInput(f"there are no results of '{name}' in {results}: add --reference, whose trials it is among")


def _sentences(both: BothReadings) -> list[str]:
    """Return the results of both readings in sentences, then what a reader must know."""
    lines = []
    if both.saved is not None:
        lines += [f"Compute saved: {both.saved.sentence}", _frequency(both.saved.pair, "gains more"), *_like_these(both.saved)]
    else:
        lines.append(f"No speed-up off a ruler: {both.why_not}.")
    if both.times is not None:
        lines += [f"Time to the target: {both.times.sentence}", _frequency(both.times.pair, "is faster")]
    return [line for line in (*lines, *both.notes) if line]


def _like_these(saved: SavedComparison) -> list[str]:
    if saved.like_these is None:
        return []
    low, high = saved.like_these
    return [
        f"As if the workloads had been drawn at random: [{low:.2f}, {high:.2f}]; they were chosen, so the true doubt is larger."
    ]


def _saved_table(saved: SavedComparison, *, plain: bool) -> Table:
    """Return a table with a row per workload: speed-up and wins; then one per horizon, and a last one over all."""
    from rich.text import Text

    from harness.report.words import one_line, ratio_span, ratio_text

    pair = saved.pair
    table = _columns(("workload", "speed-up", "95 %", "A gains more", "B gains more", "equal"), plain=plain)
    for workload, own in pair.workloads.items():
        counts = [str(n) for n in (own.wins, own.losses, own.ties)]
        table.add_row(Text(one_line(workload, 40)), f"{own.bound}{ratio_text(own.ratio)}", "", *counts)
    for horizon, ratio in sorted(saved.horizons.items()) if len(saved.horizons) > 1 else ():
        table.add_row(f"all, at {horizon:g}", ratio_text(ratio.value), ratio_span(ratio.low, ratio.high), "", "", "")
    totals = [str(sum(getattr(r, name) for r in pair.workloads.values())) for name in ("wins", "losses", "ties")]
    all_ = f"{pair.bound}{ratio_text(pair.ratio)}"
    table.add_row(Text("all", style="" if plain else "bold"), all_, ratio_span(pair.low, pair.high), *totals)
    return table


def _columns(heads: tuple[str, ...], *, plain: bool) -> Table:
    """Return an empty table; the first column is text, the others are numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for head in heads:
        table.add_column(head, justify="left" if head == heads[0] else "right", no_wrap=True)
    return table


def _table(comparison: Comparison, *, plain: bool) -> Table:
    """Return a table with a row per workload: median times, ratio, wins; and a last row over all workloads."""
    from rich.text import Text

    from harness.report.words import amount, one_line, ratio_span, ratio_text

    pair = comparison.pair
    table = _columns(("workload", "A", "B", "ratio", "95 %", "A wins", "B wins", "ties"), plain=plain)
    for workload, ratio in pair.workloads.items():
        called = comparison.failures[workload]
        medians = [
            amount(median(x), comparison.clock, failure or "missed")
            for x, failure in zip(comparison.times[workload], called, strict=True)
        ]
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


def _frequency(pair: Pair, what: str) -> str:
    """Return a sentence on the share of studies in which A is better, or "" if there is no such share."""
    if pair.faster is None or pair.faster_low is None or pair.faster_high is None:
        return ""
    return (
        f"{pair.a} {what} in {pair.faster:.0%} of its studies, where ties count half "
        f"[{pair.faster_low:.0%}, {pair.faster_high:.0%}]: a frequency, not a confidence."
    )

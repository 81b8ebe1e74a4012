"""`timetrial report`: the leaderboard from the records, without torch."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean
from harness.records import CLOCKS


@app.command()
def report(
    results: Annotated[Path, typer.Option(help="directory of records")] = Path("results"),
    clock: Annotated[str, typer.Option(help="examples, seconds or steps (default: the track's)")] = "",
    baseline: Annotated[str, typer.Option(help="submission that speed-ups are over (default: cosine, or 'baseline')")] = "",
    out: Annotated[
        Path | None, typer.Option(help="the page (default: RESULTS/leaderboard.html); .json and .csv go beside it")
    ] = None,
    track: Annotated[str, typer.Option(help="which board, where there are several (default: the newest run's)")] = "",
    suite: Annotated[str, typer.Option(help="which board, where there are several (default: the newest run's)")] = "",
    legacy_tie_rule: Annotated[
        bool, typer.Option("--legacy-tie-rule", help="AlgoPerf's: a study's trial is chosen by evaluation index")
    ] = False,
    legacy_grid: Annotated[bool, typer.Option("--legacy-grid", help="AlgoPerf's: profiles integrated on 100 points")] = False,
    legacy_speedup: Annotated[
        bool, typer.Option("--legacy-speedup", help="AlgoPerf's: medians of studies, a miss costs the budget + 1 s")
    ] = False,
) -> int:
    """Write leaderboard.html, .json and .csv from the records in a results directory."""
    if clock and clock not in CLOCKS:
        raise BadInput(f"no clock '{clock}': choose one of {', '.join(CLOCKS)}")
    from rich.console import Console

    from harness.report import terminal_table, write_report
    from harness.results import board_input
    from harness.rules import TRACKS

    given = board_input(results, track=track, suite=suite)
    if given.trials.empty:
        raise BadInput(f"no complete study in '{results}' yet: run `timetrial run --results {results}` again, it resumes")
    rules = TRACKS.get(str(given.trials["track"].iloc[0]))
    console = Console(highlight=False)
    for path, reason in given.damaged.items():
        console.print(f"left out {path}: {reason}", markup=False)
    page = out or results / "leaderboard.html"
    board = write_report(
        given.trials,
        page,
        clock=clock or (rules.clock if rules else "examples"),
        baseline=choose_baseline(baseline, set(given.trials["submission"])),
        progress={"done": given.done, "planned": given.planned},
        skipped=given.skipped,
        workloads=given.workloads,
        legacy_tie_rule=legacy_tie_rule,
        legacy_grid=legacy_grid,
        legacy_speedup=legacy_speedup,
        sensitivity=given.sensitivity,
        pruned_by=given.pruned_by,
    )
    terminal_table(board, console)
    legacy = getattr(board, "legacy", ())
    if legacy:
        console.print(f"AlgoPerf's legacy rules: {', '.join(legacy)}")
    console.print(f"leaderboard: {page}", markup=False)
    return 0


def choose_baseline(asked: str, names: Collection[str]) -> str:
    """Return the submission that speed-ups are over: the one asked for, else ours, else AlgoPerf's where that ran.

    Raises:
        BadInput: the one asked for is not on the board.
    """
    from harness.rules import BASELINE

    if not asked:
        return "baseline" if BASELINE not in names and "baseline" in names else BASELINE
    if asked not in (*names, BASELINE):
        known = ", ".join(sorted(names))
        raise BadInput(f"the baseline '{asked}' is not on this board{did_you_mean(asked, names)}: choose one of {known}")
    return asked

"""`timetrial report`: the leaderboard from the records, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput
from harness.records import CLOCKS


@app.command()
def report(
    results: Annotated[Path, typer.Option(help="directory of records")] = Path("results"),
    clock: Annotated[str, typer.Option(help="examples, seconds or steps (default: the track's)")] = "",
    baseline: Annotated[str, typer.Option(help="submission that speed-ups are over")] = "cosine",
    out: Annotated[
        Path | None, typer.Option(help="the page (default: RESULTS/leaderboard.html); .json and .csv go beside it")
    ] = None,
    track: Annotated[str, typer.Option(help="which board, where there are several (default: the newest run's)")] = "",
    suite: Annotated[str, typer.Option(help="which board, where there are several (default: the newest run's)")] = "",
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
    names = sorted(set(given.trials["submission"]))
    if baseline != "cosine" and baseline not in names:
        raise BadInput(f"the baseline '{baseline}' is not on this board: choose one of {', '.join(names)}")
    rules = TRACKS.get(str(given.trials["track"].iloc[0]))
    console = Console(highlight=False)
    for path, reason in given.damaged.items():
        console.print(f"left out {path}: {reason}", markup=False)
    page = out or results / "leaderboard.html"
    board = write_report(
        given.trials,
        page,
        clock=clock or (rules.clock if rules else "examples"),
        baseline=baseline,
        progress={"done": given.done, "planned": given.planned},
        skipped=given.skipped,
        sensitivity=given.sensitivity,
    )
    terminal_table(board, console)
    console.print(f"leaderboard: {page}", markup=False)
    return 0

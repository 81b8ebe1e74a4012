"""`timetrial report`: the leaderboard from the records, without torch."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean
from harness.records import CLOCKS

if TYPE_CHECKING:
    from rich.console import Console

    from harness.results import BoardInput
    from harness.scoring import ScoringRules

FORMATS = ("html", "md", "tex")


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
    figures: Annotated[
        Path | None, typer.Option(help="write each figure as SVG and PDF to this directory too", metavar="DIR")
    ] = None,
    format: Annotated[
        str, typer.Option(help="html; or the table alone, printed or into --out: md (between that file's markers) or tex")
    ] = "html",
    compact: Annotated[
        bool, typer.Option("--compact", help="first put the records' single files into one Parquet file a workload")
    ] = False,
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
    if format not in FORMATS:
        raise BadInput(f"no format '{format}': choose one of {', '.join(FORMATS)}")
    if format != "html" and figures is not None:
        raise BadInput(f"--format {format} writes a table, no figures: leave --figures out, or --format")
    from rich.console import Console

    from harness.report import terminal_table, write_figures, write_report
    from harness.results import board_input
    from harness.rules import ruleset
    from harness.scoring import ScoringRules

    console = Console(highlight=False)
    if compact:
        # A table on standard output is for another program.
        _compact(results, console if format == "html" else Console(highlight=False, stderr=True))
    given = board_input(results, track=track, suite=suite)
    if given.trials.empty:
        raise BadInput(f"no complete study in '{results}' yet: run `timetrial run --results {results}` again, it resumes")
    rules = ScoringRules(
        clock=clock or ruleset(str(given.trials["track"].iloc[0])).clock,
        baseline=choose_baseline(baseline, set(given.trials["submission"])),
        workloads=given.workloads,
        pruned_by=given.pruned_by,
        legacy_tie_rule=legacy_tie_rule,
        legacy_grid=legacy_grid,
        legacy_speedup=legacy_speedup,
    )
    if format != "html":
        _tell_table(format, given, rules, out)
        return 0
    for path, reason in given.damaged.items():
        console.print(f"left out {path}: {reason}", markup=False)
    page = out or results / "leaderboard.html"
    board = write_report(given, page, rules)
    terminal_table(board, console)
    legacy = getattr(board, "legacy", ())
    if legacy:
        console.print(f"AlgoPerf's legacy rules: {', '.join(legacy)}")
    if figures is not None:
        made = write_figures(given, board, figures)
        console.print(f"figures: {len(made)} files in {figures}", markup=False)
    console.print(f"leaderboard: {page}", markup=False)
    return 0


def _compact(results: Path, console: Console) -> None:
    """Compact a results directory and say what became of it."""
    from harness.results import compact as compact_records
    from harness.results import open_results

    store = open_results(results)
    records, files = compact_records(store)
    for path, reason in store.damaged.items():
        console.print(f"left where it is: {path}: {reason}", markup=False)
    console.print(f"compacted: {files} single files; {records} records in Parquet files that changed", markup=False)


def _tell_table(format: str, given: BoardInput, rules: ScoringRules, out: Path | None) -> None:
    """Print the table as Markdown or LaTeX, or write it to `out`: Markdown between the markers of a text that is there."""
    from harness.report import insert_table, latex_table, scored_board, table_with_markers
    from harness.results import write_atomically
    from harness.scoring import Board

    board = scored_board(given.trials, rules)
    if format == "tex" and not isinstance(board, Board):
        raise BadInput(f"--format tex: there is no LaTeX table of the {board.track} track; use --format md")
    if out is None:
        print(latex_table(board) if isinstance(board, Board) and format == "tex" else table_with_markers(board), end="")
    elif format == "tex" and isinstance(board, Board):
        write_atomically(out, latex_table(board))
    else:
        insert_table(board, out)


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

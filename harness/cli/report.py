"""`timetrial report`: the leaderboard, or a table of it, from the records; without torch."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import app
from harness.cli.left_out import print_left_out
from harness.cli.lines import print_line
from harness.cli.paths import check_directory, check_file
from harness.contracts.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from harness.results import BoardInput
    from harness.scoring import ScoringRules

FORMATS = ("html", "md", "tex")

ALGOPERF_BASELINE = "baseline"
"""Name of the baseline in AlgoPerf's logs, the default where it was imported."""


@app.command()
def report(
    results: options.Results = Path("results"),
    reference: options.Reference = False,
    clock: options.Clock = "",
    baseline: Annotated[
        str,
        typer.Option(metavar="NAME", help="what speed-ups refer to (default: the track's, or AlgoPerf's baseline)"),
    ] = "",
    rank_by: Annotated[
        str, typer.Option(metavar="WHAT", help="speedup, or score: AlgoPerf's, which depends on who else entered")
    ] = "speedup",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="page to write (default: leaderboard.html in the results directory)")
    ] = None,
    track: options.BoardTrack = "",
    suite: options.BoardSuite = "",
    since: Annotated[
        Path | None,
        typer.Option(metavar="OLDER.json", help="an older leaderboard.json: the ranking says what changed since then"),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="also write each figure to this directory, as SVG and PDF")
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            metavar="FORMAT",
            help="html: the page; md or tex: only the table, printed or written to --out (md: between that file's markers)",
        ),
    ] = "html",
    compact: Annotated[
        bool, typer.Option("--compact", help="first move the records into Parquet files of one workload each")
    ] = False,
    legacy_tie_rule: Annotated[
        bool, typer.Option("--legacy-tie-rule", help="choose a study's trial by evaluation index, like AlgoPerf's code")
    ] = False,
    legacy_grid: Annotated[
        bool, typer.Option("--legacy-grid", help="integrate profiles on 100 points, like AlgoPerf's code")
    ] = False,
    legacy_speedup: Annotated[
        bool, typer.Option("--legacy-speedup", help="speed-ups of medians, where a miss counts as the budget plus 1 s")
    ] = False,
) -> int:
    """Write the leaderboard from recorded trials.

    The page is leaderboard.html; its data are written beside it as .json and .csv.
    """
    options.check_clock(clock)
    if format not in FORMATS:
        raise BadInput(f"no format '{format}': choose one of {', '.join(FORMATS)}")
    if format != "html" and figures is not None:
        raise BadInput(f"--format {format} writes a table without figures: leave out --figures or --format")
    if format != "html" and since is not None:
        raise BadInput(f"--format {format} writes a table without a column of changes: leave out --since or --format")
    check_rank_by(rank_by)
    if out is not None:
        check_file("--out", out)
    if figures is not None:
        check_directory("--figures", figures)
    from rich.console import Console

    from harness.report import unfinished_lines
    from harness.results import board_input
    from harness.rules import ruleset
    from harness.scoring import ScoringRules

    console = Console(highlight=False)
    # With --format md or tex, standard output is only the table, for another program to read.
    messages = console if format == "html" else Console(highlight=False, stderr=True)
    if compact:
        _compact(results, messages)
    given = board_input(results, track=track, suite=suite)
    print_left_out(given.damaged, _lines_of(messages))
    if reference:
        given = with_reference(given, track, suite)
    unfinished = unfinished_lines(given.unfinished)
    given.check_for_studies(results, unfinished)
    for line in (*unfinished, *options.edited_lines(given.trials)):
        print_line(line, messages)
    rules = ScoringRules(
        clock=clock or ruleset(str(given.trials["track"].iloc[0])).clock,
        baseline=choose_baseline(baseline, set(given.trials["submission"])),
        rank_by=rank_by,
        workloads=given.workloads,
        suite_workloads=given.suite_workloads,
        from_reference=given.from_reference,
        pruned_by=given.pruned_by,
        left_out=tuple(sorted(given.left_out.items())),
        legacy_tie_rule=legacy_tie_rule,
        legacy_grid=legacy_grid,
        legacy_speedup=legacy_speedup,
    )
    if format == "html":
        page = out or results / "leaderboard.html"
        check_file("--out", page)
        _write_page(given, rules, page, figures, console, (results, since))
    else:
        _write_table(format, given, rules, out)
    return 0


def with_reference(given: BoardInput, track: str, suite: str) -> BoardInput:
    """Return the trials with those of the reference result on the same track and suite."""
    from harness.results import beside_reference, reference_input
    from harness.rules import DEFAULT_SUITE, DEFAULT_TRACKS

    if not given.trials.empty:
        track, suite = str(given.trials["track"].iloc[0]), str(given.trials["suite"].iloc[0])
    return beside_reference(given, reference_input(track or DEFAULT_TRACKS[0].name, suite or DEFAULT_SUITE))


def choose_baseline(named: str, submissions: Collection[str]) -> str:
    """Return the submission that speed-ups refer to: the named one, else AlgoPerf's in its logs, else "" for the track's.

    Raises:
        BadInput: the named one is not on the board.
    """
    from harness.rules import BASELINE, OPTIMIZER_BASELINE

    if not named:
        ours = {BASELINE, OPTIMIZER_BASELINE} & set(submissions)
        return ALGOPERF_BASELINE if ALGOPERF_BASELINE in submissions and not ours else ""
    named = options.recorded_name(named, submissions)
    if named not in submissions:
        known = ", ".join(sorted(submissions))
        raise BadInput(f"the baseline '{named}' is not on this board{did_you_mean(named, submissions)}: choose one of {known}")
    return named


def check_rank_by(rank_by: str) -> None:
    """Check `--rank-by`.

    Raises:
        BadInput: boards do not rank by it.
    """
    from harness.scoring.rules import RANK_BY

    if rank_by not in RANK_BY:
        raise BadInput(f"--rank-by {rank_by}: choose {' or '.join(RANK_BY)}{did_you_mean(rank_by, RANK_BY)}")


def _lines_of(console: Console) -> Callable[[str], object]:
    """Return a function that prints a sentence."""
    return partial(print_line, console=console)


def _compact(results: Path, console: Console) -> None:
    """Compact a results directory and print the result."""
    from harness.results import compact as compact_records
    from harness.results import open_results

    store = open_results(results)
    records, files = compact_records(store)
    print_left_out(store.damaged, _lines_of(console), "not compacted")
    print_line(f"compacted {files} files; the Parquet files that were written contain {records} records", console)


def _write_page(
    given: BoardInput,
    rules: ScoringRules,
    page: Path,
    figures: Path | None,
    console: Console,
    beside: tuple[Path, Path | None],
) -> None:
    """Write the page, its data and, if asked for, the figures, and print the table and the paths.

    `beside` are the directory with the records and, if there is one, an older board.
    """
    from harness.report import terminal_table, write_figures, write_report
    from harness.report.views.since import change_line, changes, older_board
    from harness.scoring import Board

    records, path = beside
    older = None if path is None else older_board(path)
    board = write_report(given, page, rules, records=records, since=older)
    terminal_table(board, console)
    if older is not None and isinstance(board, Board):
        print_line(change_line(changes(board, older), older), console)
    legacy = getattr(board, "legacy", ())  # a board of quality has no such rules
    if legacy:
        print_line(f"AlgoPerf's legacy rules: {', '.join(legacy)}", console)
    if figures is not None:
        written = write_figures(given, board, figures)
        print_line(f"figures: {len(written)} files in {figures}", console)
    print_line(f"leaderboard: {page}", console)


def _write_table(format: str, given: BoardInput, rules: ScoringRules, out: Path | None) -> None:
    """Print the table as Markdown or LaTeX, or write it to `out`; Markdown goes between the markers in an existing file."""
    from harness.report import insert_table, latex_table, scored_board, table_with_markers
    from harness.results import write_atomically
    from harness.scoring import Board

    board = scored_board(given.trials, rules)
    if format == "tex":
        if not isinstance(board, Board):
            raise BadInput(f"--format tex: there is no LaTeX table of the {board.track} track; use --format md")
        if out is None:
            print(latex_table(board), end="")
        else:
            write_atomically(out, latex_table(board))
    elif out is None:
        print(table_with_markers(board), end="")
    else:
        insert_table(board, out)

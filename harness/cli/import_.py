"""`timetrial import algoperf`: converts AlgoPerf's official logs to records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import app
from harness.cli.paths import check_directory
from harness.contracts.errors import BadInput, did_you_mean
from harness.records import Status

if TYPE_CHECKING:
    from harness.compat import Logs

SOURCES = ("algoperf",)

MOST_PRINTED = 5
"""Most notes on single logs that are printed; all are kept in a file beside the records."""


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="origin of the logs: algoperf")],
    directory: Annotated[
        Path,
        typer.Argument(metavar="LOGDIR", help="contains SUBMISSION/study_N/WORKLOAD/trial_M/eval_measurements.csv"),
    ],
    results: options.Results = Path("results"),
    track: Annotated[str, typer.Option(metavar="TRACK", help="external or self-tuning (default: from LOGDIR's name)")] = "",
    targets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="an official workload_targets*.json (default: those of the version, built in)"),
    ] = None,
    benchmark_version: Annotated[
        str, typer.Option(metavar="VERSION", help="0.5 or 0.6 (default: recognised from the path and the logs)")
    ] = "",
    without: Annotated[
        list[str] | None, typer.Option(metavar="WORKLOAD", help="leave this workload out; repeatable (default: none)")
    ] = None,
) -> int:
    """Convert AlgoPerf's official logs to records.

    `timetrial report` then scores them.
    """
    if source not in SOURCES:
        raise BadInput(f"cannot import '{source}'{did_you_mean(source, SOURCES)}")
    check_directory("--results", results)
    from harness.compat import notes_path, read_logs, read_targets, write_logs
    from harness.results import ResultStore

    goals = read_targets(targets) if targets else None
    logs = read_logs(directory, track=track, targets=goals, version=benchmark_version, without=without or ())
    store = ResultStore(results)
    count = write_logs(logs, store)
    _print(_summary(logs, count))
    _print_notes(logs, notes_path(logs, store))
    first = logs.trials.iloc[0]
    options = f"--results {results} --track {first['track']} --suite {first['suite']}"
    _print(f"records: {results}; to write the leaderboard: timetrial report {options}")
    return 0


def _print(line: str) -> None:
    from rich.console import Console

    from harness.compat.log_notes import printable

    Console(highlight=False, soft_wrap=True).print(printable(line), markup=False)


def _print_notes(logs: Logs, path: Path) -> None:
    """Print the first notes on files, and all on what is absent: these are few."""
    if len(logs.oddities) > MOST_PRINTED:
        _print(f"{len(logs.oddities):,} notes on logs, all of them in {path}; the first {MOST_PRINTED}:")
    for note in (*logs.oddities[:MOST_PRINTED], *logs.notes[len(logs.oddities) :]):
        _print(note)


def _summary(logs: Logs, count: int) -> str:
    """Return one line: how many submissions, workloads, studies and trials were imported, and how the trials ended."""
    trials = logs.trials
    numbers = [f"{trials[name].nunique()} {name}s" for name in ("submission", "workload")]
    studies = sorted(set(trials.groupby(["submission", "workload"])["study"].nunique()))
    per_cell = " to ".join(map(str, dict.fromkeys((studies[0], studies[-1]))))
    met = int((trials["hit_index"] >= 0).sum())
    failed = int((trials["status"] == Status.FAILED).sum())
    return (
        f"AlgoPerf {logs.version}{f' ({logs.recognised})' if logs.recognised else ''}, {trials['track'].iloc[0]} ruleset: "
        f"{', '.join(numbers)}, {per_cell} studies, {count} trials; {met} of them met their target"
        f"{f', {failed} failed' if failed else ''}"
    )

"""`timetrial import algoperf`: converts AlgoPerf's official logs to records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import app
from harness.cli.paths import check_directory
from harness.contracts.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from harness.compat import Logs

SOURCES = ("algoperf",)


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
        typer.Option(metavar="FILE", help="an official workload_targets*.json (default: AlgoPerf v0.5's, built in)"),
    ] = None,
) -> int:
    """Convert AlgoPerf's official logs to records.

    `timetrial report` then scores them.
    """
    if source not in SOURCES:
        raise BadInput(f"cannot import '{source}'{did_you_mean(source, SOURCES)}")
    check_directory("--results", results)
    from rich.console import Console

    from harness.compat import V05, read_logs, read_targets, write_logs
    from harness.results import ResultStore

    logs = read_logs(directory, track=track, targets=read_targets(targets) if targets else V05)
    count = write_logs(logs, ResultStore(results))
    console = Console(highlight=False, soft_wrap=True)
    console.print(_summary(logs, count), markup=False)
    for note in logs.notes:
        console.print(note, markup=False)
    first = logs.trials.iloc[0]
    options = f"--results {results} --track {first['track']} --suite {first['suite']}"
    console.print(f"records: {results}; to write the leaderboard: timetrial report {options}", markup=False)
    return 0


def _summary(logs: Logs, count: int) -> str:
    """Return one line: how many submissions, workloads, studies and trials were imported."""
    trials = logs.trials
    numbers = [f"{trials[name].nunique()} {name}s" for name in ("submission", "workload")]
    studies = sorted(set(trials.groupby(["submission", "workload"])["study"].nunique()))
    per_cell = " to ".join(map(str, dict.fromkeys((studies[0], studies[-1]))))
    met = int((trials["hit_index"] >= 0).sum())
    return (
        f"AlgoPerf {logs.version}, {trials['track'].iloc[0]} ruleset: {', '.join(numbers)}, {per_cell} studies, "
        f"{count} trials; {met} of them met their target"
    )

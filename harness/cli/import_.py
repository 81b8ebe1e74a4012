"""`timetrial import algoperf`: other people's logs become our records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput

KINDS = ("algoperf",)


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="whose logs: algoperf")],
    directory: Annotated[
        Path, typer.Argument(metavar="LOGDIR", help="SUBMISSION/study_N/WORKLOAD/trial_M/eval_measurements.csv")
    ],
    results: Annotated[Path, typer.Option(help="directory that the records go to")] = Path("results"),
    track: Annotated[str, typer.Option(help="external or self-tuning (default: from the name of LOGDIR)")] = "",
    targets: Annotated[
        Path | None, typer.Option(help="an official workload_targets*.json (default: AlgoPerf v0.5's, built in)")
    ] = None,
) -> int:
    """Read AlgoPerf's official logs into a results directory; `timetrial report` then scores them."""
    if kind not in KINDS:
        raise BadInput(f"cannot import '{kind}': choose one of {', '.join(KINDS)}")
    from rich.console import Console

    from harness.compat import V05, read_logs, read_targets, write_logs
    from harness.results import ResultStore

    logs = read_logs(directory, track=track, targets=read_targets(targets) if targets else V05)
    count = write_logs(logs, ResultStore(results))
    trials, console = logs.trials, Console(highlight=False, soft_wrap=True)
    numbers = [f"{trials[name].nunique()} {name}s" for name in ("submission", "workload")]
    studies = sorted(set(trials.groupby(["submission", "workload"])["study"].nunique()))
    console.print(
        f"AlgoPerf {logs.version}, {trials['track'].iloc[0]} ruleset: {', '.join(numbers)}, "
        f"{' to '.join(map(str, dict.fromkeys((studies[0], studies[-1]))))} studies, {count} trials, "
        f"of which {int((trials['hit_index'] >= 0).sum())} met their target"
    )
    for note in logs.notes:
        console.print(note, markup=False)
    where = f"--results {results} --track {trials['track'].iloc[0]} --suite {trials['suite'].iloc[0]}"
    console.print(f"records are in {results}; the board: timetrial report {where}", markup=False)
    return 0

"""`timetrial check`: whether a submission runs on the smoke workload, and keeps what its contract asks of it."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from harness.cli.app import app
from harness.cli.paths import usable_data_directory

SECONDS = 120.0
"""Time limit of the trial; one on the smoke workload takes a second."""


@app.command()
def check(name: Annotated[str, typer.Argument(metavar="NAME", help="a name, a file, or algoperf:PATH/submission.py")]) -> int:
    """Run one trial of a submission on the smoke workload, and check what no single trial shows.

    A line for each check says what was found, and of a failure what to change: a schedule's range over horizons and its purity;
    whether the gradient is used, the same trial gives the same bits, training resumes and memory stays; FLOPs against the
    charge; the cost of a step against AdamW's. Nothing is recorded. The exit status is 1 if the trial or a check fails.
    """
    from harness.checking.checks.table import CHECKS
    from harness.cli.running.plugin_checks import PluginChecks
    from harness.cli.running.smoke_trial import smoke_trial

    data = usable_data_directory()
    trial = smoke_trial(name, data, SECONDS)
    print(trial.facts())
    for line in trial.lines():
        print(line)
    with closing(PluginChecks(name, data)) as checks:
        for line in checks.lines(CHECKS, runs=trial.runs):
            print(line, flush=True)
    if checks.failures:
        print(f"{trial.verdict()}; {checks.failures} of {len(CHECKS)} checks failed: change what their lines say")
    else:
        print(f"{trial.verdict()}; next: {trial.race}" if trial.runs else trial.verdict())
    return 1 if checks.failures or not trial.runs else 0

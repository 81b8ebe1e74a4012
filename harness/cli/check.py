"""`timetrial check`: whether a submission runs, on the smoke workload."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.app import app
from harness.cli.paths import usable_data_directory

SECONDS = 120.0
"""Time limit of the trial; one on the smoke workload takes a second."""


@app.command()
def check(name: Annotated[str, typer.Argument(metavar="NAME", help="a name, a file, or algoperf:PATH/submission.py")]) -> int:
    """Run one trial of a submission on the smoke workload, and say what it did.

    What a schedule returns is looked at before. Nothing is recorded. The exit status is 1 if the trial fails.
    """
    from harness.cli.running.smoke_trial import smoke_trial

    trial = smoke_trial(name, usable_data_directory(), SECONDS)
    for line in trial.lines():
        print(line)
    return 0 if trial.runs else 1

"""`timetrial check`: whether a submission runs, on the smoke workload."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.app import app
from harness.cli.paths import usable_data_directory
from harness.contracts.errors import BadInput

SECONDS = 120.0
"""Time limit of the trial; one on the smoke workload takes a second."""


@app.command()
def check(name: Annotated[str, typer.Argument(metavar="algoperf:PATH", help="a submission in AlgoPerf's form")]) -> int:
    """Run one trial of a submission in AlgoPerf's form on the smoke workload, and say what it did.

    Nothing is recorded. The exit status is 1 if the trial fails.
    """
    from harness.registry import parse_name
    from harness.registry.forms import READERS, split_form

    if not all(split_form(half.head)[0] for half in parse_name(name)):
        forms = " and ".join(f"{form}:PATH/submission.py" for form in READERS)
        raise BadInput(f"'{name}': check takes {forms}; `timetrial run --suite smoke -s NAME` tries any other submission")
    from harness.cli.running.smoke_trial import smoke_trial

    trial = smoke_trial(name, usable_data_directory(), SECONDS)
    for line in trial.lines():
        print(line)
    return 0 if trial.runs else 1

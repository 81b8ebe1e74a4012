"""`timetrial export algoperf`: writes a schedule or an optimizer as a submission to AlgoPerf."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean

TARGETS = ("algoperf",)


@app.command()
def export(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="form of the submission: algoperf")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="a schedule, an optimizer, or OPTIMIZER+SCHEDULE")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="folder to write into (default: algoperf_NAME in the current one)")
    ] = None,
) -> int:
    """Write a schedule or an optimizer as AlgoPerf's submission.py with its search space.

    The file imports nothing of timetrial. A schedule alone controls AdamW.
    """
    if target not in TARGETS:
        raise BadInput(f"cannot export to '{target}'{did_you_mean(target, TARGETS)}")
    from harness.compat.exporting import export_submission, write_exported

    exported = export_submission(name)
    folder = out or Path("algoperf_" + re.sub(r"[^A-Za-z0-9]+", "_", exported.name).strip("_"))
    try:
        written = write_exported(exported, folder)
    except OSError as error:
        raise BadInput(f"cannot write to {folder}: {error.strerror or error}") from None
    for path in written:
        print(path)
    if exported.libraries:
        print(f"it needs {', '.join(exported.libraries)} where AlgoPerf runs")
    if exported.space is None:
        print("there is nothing to tune: it is for the self-tuning ruleset")
    print(f"next: timetrial check algoperf:{written[0]}")
    return 0

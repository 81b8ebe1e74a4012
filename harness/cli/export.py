"""`timetrial export`: a schedule or an optimizer as a submission to AlgoPerf; the logs of recorded trials for other tools."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean

LOGS = ("csv", "tensorboard")
TARGETS = ("algoperf", *LOGS)


@app.command()
def export(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="algoperf, csv or tensorboard")],
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|RESULTS",
            help="of algoperf a schedule, an optimizer, or OPTIMIZER+SCHEDULE; else a results directory",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="folder to write into (default: algoperf_NAME, or RESULTS/TARGET)")
    ] = None,
) -> int:
    """Write a submission in AlgoPerf's form, or the logs of recorded trials.

    algoperf: a schedule or an optimizer as submission.py with its search space. The file imports nothing of timetrial. A
    schedule alone controls AdamW. csv, tensorboard: losses (of trials that ran with --log-losses), learning rates and
    evaluations.
    """
    if target not in TARGETS:
        raise BadInput(f"cannot export to '{target}'{did_you_mean(target, TARGETS)}")
    if target in LOGS:
        from harness.cli.export_logs import export_logs

        return export_logs(target, Path(name), out)
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

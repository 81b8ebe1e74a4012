"""Options that several verbs share, so that each has one name, one form, one help text and one check."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.contracts.errors import BadInput, did_you_mean
from harness.records import CLOCKS, fact_of

if TYPE_CHECKING:
    import pandas as pd

Results = Annotated[Path, typer.Option(metavar="DIR", help="results directory: records and leaderboard")]

Reference = Annotated[
    bool,
    typer.Option("--reference", help="show the committed reference result beside the records where comparable"),
]

Workloads = Annotated[
    list[str] | None, typer.Option("-w", "--workload", metavar="NAME", help="only this workload; repeatable (default: all)")
]

Suite = Annotated[str, typer.Option(metavar="SUITE", help="smoke, laptop or full: which workloads, and their size")]

Clock = Annotated[
    str,
    typer.Option(
        metavar="CLOCK", help="what compute is counted in: training examples, seconds or steps (default: the track's)"
    ),
]

BoardTrack = Annotated[str, typer.Option(metavar="TRACK", help="track, if there are several boards (default: the newest)")]

BoardSuite = Annotated[str, typer.Option(metavar="SUITE", help="suite, if there are several boards (default: the newest)")]

Executor = Annotated[str, typer.Option(metavar="NAME", help="ray (parallel) or inline (in this process)")]

Workers = Annotated[int | None, typer.Option(metavar="N", help="simultaneous trials (default: one per core or GPU)")]

Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="auto, cpu or cuda (ROCm's GPUs too); auto takes GPUs where there are some: here, or on the cluster",
    ),
]

PerDevice = Annotated[int, typer.Option("--per-device", metavar="N", help="trials that share a GPU; their seconds then differ")]

Mixed = Annotated[
    bool, typer.Option("--mixed", help="also use nodes of a cluster with other versions or another machine type than the most")
]

Address = Annotated[
    str, typer.Option(metavar="ADDRESS", help="running Ray cluster to use (default: RAY_ADDRESS; else Ray is started here)")
]


def check_clock(clock: str) -> None:
    """Check `--clock`; an empty one means the track's.

    Raises:
        BadInput: there is no such clock.
    """
    if clock and clock not in CLOCKS:
        raise BadInput(f"no clock '{clock}'{did_you_mean(clock, CLOCKS)}")


def recorded_name(typed: str, recorded: Collection[str]) -> str:
    """Return the name under which a submission is recorded: as typed if there is one, else its canonical form.

    A plug-in need not be found on this machine, and a name that has no canonical form is returned as it is.

    Args:
        typed: what the user typed, such as ``polynomial:power=2.0``.
        recorded: names of submissions with records.
    """
    from harness.registry import canonical_name

    if typed in recorded:
        return typed
    try:
        return canonical_name(typed)
    except BadInput:
        return typed


def edited_lines(trials: pd.DataFrame) -> list[str]:
    """Return a line for each submission whose file here is not the one whose trials these are: a board shows what was raced."""
    from harness.registry.edited import edited_since
    from harness.report.words import one_line

    first = trials.drop_duplicates("submission")
    hashes = {
        str(name): str(content)
        for name, facts in zip(first["submission"], first["facts"], strict=True)
        if (content := fact_of(facts, "submission", "content_hash"))
    }
    return [
        f"{one_line(name)}: {one_line(str(file))} has been edited since; its row is of the version that was raced, and `run` "
        "races the present one"
        for name, file in edited_since(hashes).items()
    ]


def with_recorded(directory: Path | str, trials: pd.DataFrame, typed: str) -> tuple[pd.DataFrame, str]:
    """Return trials in which a submission that the user names is, and its name there.

    An older version, ``NAME@previous`` or ``NAME@HASH``, is added to them as a submission of its own.

    Args:
        directory: of the records.
        trials: of a board.
        typed: what the user typed.

    Raises:
        BadInput: there is no such version.
    """
    from harness.results.versions import older_version, split_version

    known = set(trials["submission"])
    name, version = split_version(typed, known)
    name = recorded_name(name, known)
    if not version:
        return trials, name
    import pandas as pd

    older = older_version(directory, trials, name, version)
    if older.name in known:  # it was added as the other one of two
        return trials, older.name
    return pd.concat([trials, older.trials], ignore_index=True), older.name

"""Options of every verb that runs trials."""

from __future__ import annotations

from pathlib import Path

from harness.contracts.errors import BadInput


def check_execution(executor: str, workers: int | None, results: Path) -> None:
    """See that trials can be run as asked.

    Raises:
        BadInput: no such executor, no worker, or a file where the results directory should be.
    """
    if executor not in ("ray", "inline"):
        raise BadInput(f"no executor '{executor}': choose ray or inline")
    if workers is not None and workers < 1:
        raise BadInput(f"--workers {workers}: at least 1 is needed")
    if results.exists() and not results.is_dir():
        raise BadInput(f"--results {results}: this is a file; name a directory")

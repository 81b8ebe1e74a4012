"""Run timetrial as a user does, and read what it wrote."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from tests.execution.forks import Forked

TIMED = tuple(f"{what}seconds" for what in ("", "process_", "evaluation_", "setup_", "constructor_", "cpu_", "wall_"))


def command(*arguments: Any) -> list[str]:
    """Return the command line of timetrial in this environment."""
    return [sys.executable, "-c", "from harness.cli import main; main()", *map(str, arguments)]


def timetrial(
    *arguments: Any,
    cwd: Path | None = None,
    timeout: float = 240,
    limits: Mapping[int, int] | None = None,
    writes_board: bool = True,
    without: str = "",
    **env: str,
) -> subprocess.CompletedProcess[str]:
    """Run timetrial to its end, in a process of its own that has imported the large libraries already.

    It is forked from a server which has imported them (`tests.execution.forks`), but nothing of timetrial, nor Ray, which reads
    its environment when it is imported. With an environment of its own it is started as `command` is typed. `limits` are
    {resource, such as resource.RLIMIT_DATA: soft limit}, and `without` is a library that is not installed there: both of such a
    fork only. One that is not to write a board saves the seconds that it takes, for tests which read records alone.
    """
    if env:
        own = {**os.environ, **env}
        return subprocess.run(
            command(*arguments), capture_output=True, text=True, timeout=timeout, cwd=cwd, env=own, check=False
        )
    line = list(map(str, arguments))
    process = Forked(_as_typed, line, limits or {}, writes_board, without, cwd=cwd, err=True)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise subprocess.TimeoutExpired(line, timeout, process.out.read_text(), process.err.read_text()) from None
    return subprocess.CompletedProcess(line, process.wait(), *process.communicate())


def started(*arguments: Any, cwd: Path | None = None, writes_board: bool = True) -> Forked:
    """Start timetrial in a process that is forked so; output and errors go to one file."""
    return Forked(_as_typed, list(map(str, arguments)), {}, writes_board, "", cwd=cwd)


def _as_typed(line: list[str], limits: Mapping[int, int], writes_board: bool, without: str) -> None:
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))
    if without:
        _hide(without)
    sys.argv = ["timetrial", *line]
    sys.path.insert(0, "")
    from harness.cli import main

    if not writes_board:
        from harness.cli.running.live_board import LiveBoard

        LiveBoard.write = lambda *_, **__: None
    main()


def _hide(library: str) -> None:
    """Make as if a library were not installed."""

    class Hidden(MetaPathFinder):
        def find_spec(self, name: str, *_: Any) -> None:
            if name.partition(".")[0] == library:
                raise ModuleNotFoundError(f"no {library}", name=library)

    found = importlib.util.find_spec
    importlib.util.find_spec = lambda name, package=None: None if name == library else found(name, package)
    sys.meta_path.insert(0, Hidden())


def outcome(results: Path) -> dict[str, Any]:
    """Return what every trial did, without what a clock read: {id: record}."""
    found = {}
    for path in results.glob("trials/*/*/*.json"):
        record = json.loads(path.read_text())
        for name in ("created", "checksum", "environment"):
            record.pop(name)
        record["clocks"] = {k: v for k, v in record["clocks"].items() if k not in TIMED}
        record["evaluations"] = [{k: v for k, v in e.items() if k not in TIMED} for e in record["evaluations"]]
        found[record["id"]] = record
    return found


def board(results: Path) -> dict[str, Any]:
    """Return leaderboard.json."""
    return json.loads((results / "leaderboard.json").read_text())


def same_board(a: Path, b: Path) -> bool:
    """Return whether two leaderboards agree to the last byte in submissions, workloads and trial counts."""
    return all(json.dumps(board(a)[key]) == json.dumps(board(b)[key]) for key in ("submissions", "workloads", "trials"))


def times_and_scores(results: Path) -> str:
    """Return what a leaderboard says of times to the target and of AlgoPerf's score, as text to the last digit."""
    value = board(results)
    fields = ("score", "score_low", "score_high", "score_rank", "targets_reached", "race_cost", "workloads", "held_out")
    rows = {row["name"]: {field: row[field] for field in fields} for row in value["submissions"]}
    return json.dumps({"rows": rows, "easier": value["easier"]}, sort_keys=True)

"""Run timetrial as a user does, and read what it wrote."""

from __future__ import annotations

import atexit
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORKS = multiprocessing.get_context("forkserver")
LIBRARIES = ("torch", "torch._dynamo", "pandas", "scipy.stats", "seaborn", "jinja2", "pygments.lexers", "pyarrow.parquet")
FORKS.set_forkserver_preload(list(LIBRARIES))  # torch imports _dynamo, half of a small command's time, for its first optimizer
SCRATCH: list[str] = []

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
    **env: str,
) -> subprocess.CompletedProcess[str]:
    """Run timetrial to its end, in a process of its own that has imported the large libraries already.

    It is forked from a server which has imported them (three of the four CPU seconds of a small command), but nothing of
    timetrial, nor Ray, which reads its environment when it is imported. With an environment of its own it is started as
    `command` is typed. `limits` are {resource, such as resource.RLIMIT_DATA: soft limit}, of such a fork only. One that is not
    to write a board saves the seconds that it takes, for tests which read records alone.
    """
    if env:
        own = {**os.environ, **env}
        return subprocess.run(
            command(*arguments), capture_output=True, text=True, timeout=timeout, cwd=cwd, env=own, check=False
        )
    line = list(map(str, arguments))
    folder = Path(tempfile.mkdtemp(dir=_scratch()))
    out, err = folder / "stdout", folder / "stderr"
    process = FORKS.Process(
        target=_as_typed,
        args=(line, str(cwd or Path.cwd()), dict(os.environ), str(out), str(err), limits or {}, writes_board),
    )
    process.start()
    process.join(timeout)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise subprocess.TimeoutExpired(line, timeout, out.read_text(), err.read_text())
    return subprocess.CompletedProcess(line, process.exitcode, out.read_text(), err.read_text())


def _as_typed(
    line: list[str], cwd: str, env: dict[str, str], out: str, err: str, limits: Mapping[int, int], writes_board: bool
) -> None:
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))
    sys.argv = ["timetrial", *line]
    sys.path.insert(0, "")
    from harness.cli import main

    if not writes_board:
        from harness.cli.running.live_board import LiveBoard

        LiveBoard.write = lambda *_, **__: None
    main()


def _scratch() -> str:
    if not SCRATCH:
        SCRATCH.append(tempfile.mkdtemp(prefix="timetrial-commands-"))
        atexit.register(shutil.rmtree, SCRATCH[0], ignore_errors=True)
    return SCRATCH[0]


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

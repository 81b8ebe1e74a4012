"""Running timetrial as a user does, and looking at what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TIMED = ("seconds", "process_seconds", "evaluation_seconds", "setup_seconds", "wall_seconds")


def command(*arguments: Any) -> list[str]:
    """Return the command line of timetrial in this environment."""
    return [sys.executable, "-c", "from harness.cli import main; main()", *map(str, arguments)]


def timetrial(*arguments: Any, cwd: Path | None = None, timeout: float = 240, **env: str) -> subprocess.CompletedProcess[str]:
    """Run timetrial to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=timeout, cwd=cwd, env={**os.environ, **env}, check=False
    )


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

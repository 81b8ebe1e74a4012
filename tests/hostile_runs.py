"""Race hostile plug-ins between honest ones, in a process that may die of it.

`python -m tests.hostile_runs` reads one line of JSON, the fields of `Run`, from standard input, and writes a line of JSON per
command that it stands for: which plug-ins ran, how often it had to be started, and what it left running.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.trial.process.leftovers import adopt_orphans
from tests.hostile_plugins import BY_NAME, honest
from tests.processes import children, command_line, descendants, wait_for_ended

MOST_STARTS = 4
HANGS_SECONDS = 45.0
"""A command that runs for so long longer than its trials may take is killed, as a user would kill it, and repeated."""

HARD_LIMIT = 10 * 2**30
"""No process of these runs may have more private memory, whatever fails."""


@dataclass(frozen=True)
class Run:
    """What to race, and how.

    Attributes:
        executor: "inline", "child" (worker processes without Ray) or "ray".
        folder: where plug-ins and results are written.
        hostile: names of plug-ins of `tests.hostile_plugins`; none races the honest ones alone.
        honest: how many honest plug-ins there are: one before each hostile one, and one after the last.
        limit: seconds per trial.
        memory: bytes per trial.
    """

    executor: str
    folder: str
    hostile: tuple[str, ...]
    honest: int
    limit: float = 8.0
    memory: int = 400_000_000


@dataclass(frozen=True)
class Ran:
    """What became of a command: its results, how its starts ended, the lines that it said, and the processes that it left."""

    hostile: tuple[str, ...]
    results: Path
    ends: list[int]
    said: list[str]
    left: list[str]


def run(what: Run) -> list[Ran]:
    """Carry out a run below a process of its own, and return what became of each command: inline, one per hostile plug-in."""
    place = Path(what.folder)
    temporary = place / f"tmp-{what.executor}"
    temporary.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile_runs"],
        input=json.dumps(asdict(what)),
        capture_output=True,
        text=True,
        timeout=3000,
        env={**os.environ, "TMPDIR": str(temporary), "RAY_TMPDIR": "/tmp"},  # Ray's sockets need a short path
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    reports = map(json.loads, done.stdout.splitlines())
    return [Ran(tuple(r["hostile"]), Path(r["results"]), r["ends"], r["said"], r["left"]) for r in reports]


def names(what: Run) -> list[str]:
    """Return the submissions of a run: an honest one before and after each hostile one. Write their files."""
    place = Path(what.folder) / "plugins"
    place.mkdir(exist_ok=True)
    found = []
    for index in range(what.honest):
        found.append(str(honest(f"honest_{index:02}").write(place)))
        if index < len(what.hostile):
            hostile = BY_NAME[what.hostile[index]]
            path = hostile.write(place)
            found.append(f"adamw+{path}" if hostile.is_schedule else str(path))
    return found


def results_of(what: Run) -> Path:
    """Return where a run's results go."""
    return Path(what.folder) / "-".join(("results", what.executor, *(what.hostile[:1] or ("honest",))))


def _race(what: Run, said: Path) -> None:
    """Run the trials that are left, as the command does."""
    from harness.execution.dispatch.child_pool import ChildPool
    from harness.execution.dispatch.driver import Driver
    from harness.execution.inline import run_inline
    from harness.execution.over_ray import run_over_ray
    from harness.execution.race import Race
    from harness.execution.settings import Settings
    from harness.plan import Request, make_plan
    from harness.results import ResultStore
    from workloads.data import data_directory

    def say(line: str) -> None:
        with said.open("a") as log:
            log.write(f"{line}\n")

    request = Request(suite="smoke", submissions=tuple(names(what)), track="external", studies=1, trials=1)
    settings = Settings(what.executor, data_directory(), workers=1, limit=what.limit, memory=what.memory)
    race = Race(make_plan(request), ResultStore(results_of(what)), settings)
    race.prepare()
    try:
        match what.executor:
            case "inline":
                run_inline(race, say)
            case "child":
                Driver(race, ChildPool(1), "127.0.0.1", say).run()
            case "ray":
                run_over_ray(race, say)
    finally:
        race.close()
    _finished(what).touch()


def _finished(what: Run) -> Path:
    """Return the file that is there once the command has run all trials."""
    return results_of(what).with_suffix(".finished")


def _start(what: Run, said: Path) -> int:
    """Start the command in a process whose parent is not this one: a plug-in may kill it. Return how it ended."""
    between = os.fork()
    if between == 0:
        os.setsid()
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = 1
            try:
                _race(what, said)
                status = 0
            finally:
                if status:
                    import traceback

                    traceback.print_exc()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        os._exit(0 if status == 0 else 1)
    per_trial = 2 * what.limit + 25.0  # of a worker that is silent, tried twice at most
    most = HANGS_SECONDS + (what.limit if what.executor == "inline" else per_trial * len(what.hostile))
    deadline = time.monotonic() + most
    while time.monotonic() < deadline:
        if between in (found := wait_for_ended()):
            if found[between] == -signal.SIGKILL:  # the plug-in's doing: the command itself goes on, and is this one's child
                while children(os.getpid()) and time.monotonic() < deadline:
                    wait_for_ended()
                    time.sleep(0.05)
                return 0 if _finished(what).exists() else -signal.SIGKILL
            return found[between]
        time.sleep(0.01)
    _kill_all()
    return -signal.SIGKILL


def _kill_all() -> list[str]:
    """Kill what runs below this process; return the command lines, in a second's time: what ends by itself may do so."""
    deadline = time.monotonic() + 5
    while (running := descendants(os.getpid())) and time.monotonic() < deadline:
        wait_for_ended()
        time.sleep(0.05)
    lines = []
    for pid in running:
        lines.append(command_line(pid)[:200])
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    while children(os.getpid()):
        wait_for_ended()
        time.sleep(0.01)
    return lines


def main() -> None:
    """Carry out the run that standard input describes."""
    from importlib import import_module

    what = Run(**json.loads(sys.stdin.read()))
    adopt_orphans()
    resource.setrlimit(resource.RLIMIT_DATA, (HARD_LIMIT, HARD_LIMIT))
    for module in ("torch", "torch._dynamo", "harness.plan", "harness.execution.inline", "harness.execution.dispatch.driver"):
        import_module(module)
    for each in _commands(what):
        said = Path(what.folder) / "said"
        said.write_text("")
        ends: list[int] = []
        while len(ends) < MOST_STARTS and not _finished(each).exists():  # C's _exit(0) ends it with status 0 before
            ends.append(_start(each, said))
        report: dict[str, Any] = {"results": str(results_of(each)), "ends": ends, "left": _kill_all()}
        print(json.dumps({**report, "hostile": each.hostile, "said": said.read_text().splitlines()}), flush=True)


def _commands(what: Run) -> Sequence[Run]:
    """Return the commands that a run stands for: inline, every hostile plug-in has a process of its own."""
    if what.executor != "inline" or not what.hostile:
        return [what]
    return [replace(what, hostile=(name,), honest=2) for name in what.hostile]


if __name__ == "__main__":
    main()

"""A long run under everything at once: `python -m tests.benchmarks.soak [--trials 2000] [--seed S]`.

Honest and hostile submissions are raced while another program takes and returns memory, workers are killed at random, and the
command is killed again and again. At the end there must be exactly the records that the plan says beforehand, no process left,
no claim and no temporary file, and no worker that has grown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.trial.process.leftovers import adopt_orphans
from tests.execution.commands import outcome
from tests.hostile_plugins import BY_NAME, honest
from tests.processes import children, command_line, descendants, resident_megabytes, wait_for_ended

HOSTILE = (
    *(
        "d_kill",
        "f_ctor",
        "f_hugeexc",
        "f_kbint",
        "f_uniexc",
        "g_builtins",
        "g_device",
        "g_fork_left",
        "g_popen_left",
        "g_relu",
    ),
    *("g_umask", "m_examples", "m_leak", "o_close", "o_flood", "d_segv"),
)
"""What is drawn from: those that end soon. At most one of them kills its worker, as each death takes two fresh workers."""

WORKERS = ("child_worker", "ray::ResourceTrainable")
"""Part of the command line of a worker."""

KEPT_BY_LIBRARIES = ("torchinductor_*", "ray")

HOG = """
import os, random, sys, time
draws, parent = random.Random(int(sys.argv[1])), os.getppid()
while os.getppid() == parent:
    held = bytearray(b"x") * int(draws.uniform(0.1, 1) * float(sys.argv[2]) * 1e6)
    time.sleep(draws.uniform(0.2, 2))
    del held
    time.sleep(draws.uniform(0.2, 2))
"""
LIMIT_SECONDS, MEMORY_BYTES = 60.0, 400_000_000
MOST_GROWTH = 200.0
"""MB that a worker may grow after its first `SETTLED_SECONDS`."""

SETTLED_SECONDS = 5.0
LAST_LOOKS = 40
"""Of so many looks, about two seconds, the smallest size is a worker's last one."""

KILLED_AGAIN = 0.2
"""How often a worker is killed though no trial has ended since the last kill. More often, and a slow machine starts none."""

ORPHAN_SECONDS = 60.0
"""What a killed command leaves must have ended by then."""

MOST_LAST_COMMANDS = 10


@dataclass(frozen=True)
class Soak:
    """What is raced, and what is done to it.

    Attributes:
        folder: for plug-ins, results and temporary files.
        trials: about how many.
        studies: per submission.
        hostile: how many submissions are hostile.
        executor: "child" or "ray".
        workers: trials at a time.
        driver_kills: how often the command is killed.
        between: mean seconds between the moments at which a worker may be killed.
        hog: MB that the other program takes at most.
        seed: of all that is drawn.
    """

    folder: Path
    trials: int
    studies: int
    hostile: int
    executor: str
    workers: int
    driver_kills: int
    between: float
    hog: float
    seed: int

    @property
    def results(self) -> Path:
        """Where the records go."""
        return self.folder / "results"


@dataclass
class Seen:
    """What happened.

    Attributes:
        commands: how often the command was started.
        driver_kills, worker_kills: how often it, and a worker, was killed.
        ends_after: seconds that its processes took to end after it was killed.
        orphans: command lines of those that had to be killed.
        sizes: {worker: resident MB since it has settled: the first, and the last ones}.
        since: {worker: when it was first seen}.
    """

    commands: int = 0
    driver_kills: int = 0
    worker_kills: int = 0
    ends_after: list[float] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    sizes: dict[int, tuple[float, deque[float]]] = field(default_factory=dict)
    since: dict[int, float] = field(default_factory=dict)

    def look_at(self, workers: Sequence[int]) -> None:
        """Note how large the workers are."""
        now = time.monotonic()
        for pid in workers:
            size = resident_megabytes(pid)
            if size is not None and now - self.since.setdefault(pid, now) > SETTLED_SECONDS:
                self.sizes.setdefault(pid, (size, deque(maxlen=LAST_LOOKS)))[1].append(size)

    @property
    def growth(self) -> list[float]:
        """By how many MB each worker has grown, sorted; what a trial takes while it runs is none of it."""
        return sorted(min(last) - first for first, last in self.sizes.values())


def submissions(soak: Soak, draws: random.Random) -> list[str]:
    """Write the plug-ins, and return their paths in the order in which they race."""
    place = soak.folder / "plugins"
    place.mkdir()
    count = max(soak.trials // soak.studies, soak.hostile + 2)
    found = [honest(f"honest_{index:03}").write(place) for index in range(count - soak.hostile)]
    for index in range(soak.hostile):
        chosen = BY_NAME[HOSTILE[-1] if index == 0 and soak.hostile > 3 else draws.choice(HOSTILE[:-1])]
        copy = chosen.write(place).rename(place / f"{chosen.name}_{index:03}.py")
        found.insert(draws.randrange(1, len(found)), copy)
    return [str(path) for path in found]


def make_race(soak: Soak, names: Sequence[str], results: Path) -> Any:
    """Return a race of the submissions."""
    from harness.execution.race import Race
    from harness.execution.settings import Settings
    from harness.plan import Request, make_plan
    from harness.results import ResultStore
    from workloads.data import data_directory

    request = Request(suite="smoke", submissions=tuple(names), track="external", studies=soak.studies, trials=1, seed=soak.seed)
    settings = Settings(soak.executor, data_directory(), workers=soak.workers, limit=LIMIT_SECONDS, memory=MEMORY_BYTES)
    return Race(make_plan(request), ResultStore(results), settings)


def command(soak: Soak, names: Sequence[str]) -> int:
    """Start the command: a process that runs the trials that are left. Return its id."""
    started = os.fork()
    if started:
        return started
    os.setsid()
    status = 1
    try:
        from harness.execution.dispatch.child_pool import ChildPool
        from harness.execution.dispatch.driver import Driver
        from harness.execution.over_ray import run_over_ray

        race = make_race(soak, names, soak.results)
        race.prepare()
        with (soak.folder / "said").open("a", buffering=1) as log:

            def say(line: str) -> None:
                log.write(f"{line}\n")

            if soak.executor == "ray":
                run_over_ray(race, say)
            else:
                Driver(race, ChildPool(soak.workers), "127.0.0.1", say).run()
        race.close()
        status = 0
    finally:
        if status:
            import traceback

            traceback.print_exc()
        os._exit(status)


def disturb(soak: Soak, names: Sequence[str], draws: random.Random, hog: int) -> Seen:
    """Repeat the command until every trial has the record that it must have, or until that seems hopeless."""
    planned = {spec.id: spec.submission for spec in make_race(soak, names, soak.results).plan.trials}
    moments = sorted(draws.uniform(0.03, 0.97) * len(planned) for _ in range(soak.driver_kills))
    seen, last = Seen(), 0
    while (moments or _missing(soak, planned)) and last < MOST_LAST_COMMANDS:
        driver = command(soak, names)
        seen.commands += 1
        last += not moments
        killed = _watch(soak, driver, moments, draws, seen)
        if killed:
            del moments[0]
            seen.driver_kills += 1
        _wait_for_the_end(seen, hog)
        if not killed and moments and not _missing(soak, planned):
            break
    return seen


def _watch(soak: Soak, driver: int, moments: Sequence[float], draws: random.Random, seen: Seen) -> bool:
    """Kill workers while the command runs, and the command when its moment has come; return whether that was done."""
    due, recorded = time.monotonic() + draws.expovariate(1 / soak.between), _recorded(soak)
    while driver not in wait_for_ended():
        time.sleep(0.05)
        workers = [pid for pid in descendants(driver) if any(word in command_line(pid) for word in WORKERS)]
        seen.look_at(workers)
        if workers and time.monotonic() > due:
            due = time.monotonic() + draws.expovariate(1 / soak.between)
            if _recorded(soak) > recorded or draws.random() < KILLED_AGAIN:
                recorded = _recorded(soak)
                seen.worker_kills += _kill(draws.choice(workers))
        if moments and _recorded(soak) >= moments[0]:
            time.sleep(draws.uniform(0, 0.3))
            return _kill(driver)
    return False


def _kill(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def _wait_for_the_end(seen: Seen, hog: int) -> None:
    """Wait until what the command has started has ended; kill it after a while."""
    began = time.monotonic()
    while (left := [pid for pid in descendants(os.getpid()) if pid != hog]) and time.monotonic() - began < ORPHAN_SECONDS:
        wait_for_ended()
        time.sleep(0.02)
    seen.ends_after.append(time.monotonic() - began)
    seen.orphans += [command_line(pid) for pid in left]
    for pid in left:
        _kill(pid)


def _recorded(soak: Soak) -> int:
    return sum(1 for _ in soak.results.glob("trials/*/*/*.json"))


def expected_status(submission: str) -> tuple[str, ...]:
    """Return how the trials of a submission may end, as the plan says beforehand."""
    name = Path(submission).stem
    return BY_NAME[name.rpartition("_")[0]].ends if not name.startswith("honest") else honest(name).ends


def _missing(soak: Soak, planned: dict[str, str]) -> list[str]:
    """Return the trials whose records are not there, or not yet: one that was killed twice at random is run again."""
    records = outcome(soak.results)
    return [t for t, name in planned.items() if t not in records or records[t]["status"] not in expected_status(name)]


def problems(soak: Soak, names: Sequence[str], seen: Seen) -> Iterator[str]:
    """Yield what is not as it must be, a line each."""
    race = make_race(soak, names, soak.results)
    planned = {spec.id: spec.submission for spec in race.plan.trials}
    records = outcome(soak.results)
    if records.keys() != planned.keys():
        yield f"{len(planned.keys() - records.keys())} records are missing, {len(records.keys() - planned.keys())} are too many"
    for trial in _missing(soak, planned):
        record = records.get(trial, {"status": "missing", "reason": ""})
        yield f"{Path(planned[trial]).stem} is {record['status']} ({record['reason'][:100]})"
    alone = alone_records(soak, names)
    for trial, record in records.items():
        if Path(planned.get(trial, "")).stem.startswith("honest") and bare(record) != alone[record["spec"]["study"]]:
            yield f"{Path(planned[trial]).stem}, study {record['spec']['study']}, is not as it is undisturbed"
    yield from (f"a process was left: {line[:200]}" for line in seen.orphans)
    yield from (f"a file was left: {path}" for path in left_over(soak))
    if seen.driver_kills < soak.driver_kills:
        yield f"the command was killed {seen.driver_kills} times, not {soak.driver_kills}"
    if seen.growth and seen.growth[-1] > MOST_GROWTH:
        yield f"a worker has grown by {seen.growth[-1]:.0f} MB"


def alone_records(soak: Soak, names: Sequence[str]) -> dict[int, Any]:
    """Return what the trials of an honest submission do in a run without anything else, by study."""
    from harness.execution.inline import run_inline

    one = next(name for name in names if Path(name).stem.startswith("honest"))
    place = soak.folder / "undisturbed"
    race = make_race(soak, [one], place)
    race.prepare()
    run_inline(race, print)
    race.close()
    return {record["spec"]["study"]: bare(record) for record in outcome(place).values()}


def bare(record: dict[str, Any]) -> str:
    """Return a record without what differs between copies of a plug-in under other names."""
    name = Path(record["spec"]["submission"]).stem
    forms = (name, name.title().replace("_", ""), name.replace("_", ""))
    text = json.dumps(_without_hashes({key: value for key, value in record.items() if key != "id"}), sort_keys=True)
    for form in forms:
        text = text.replace(form, "NAME")
    return text


def _without_hashes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_hashes(each) for key, each in value.items() if "hash" not in key}
    return value


def left_over(soak: Soak) -> list[Path]:
    """Return the claims, and the temporary files, that are left."""
    claims = [path for path in (soak.results / ".claims").iterdir() if path.name != "lock"]
    temporary = [*(soak.folder / "tmp").iterdir(), *soak.results.rglob("*.tmp")]
    return claims + [path for path in temporary if not any(path.match(pattern) for pattern in KEPT_BY_LIBRARIES)]


def figures(soak: Soak, seen: Seen, seconds: float) -> str:
    """Return what happened, in words."""
    records = outcome(soak.results)
    statuses = Counter(record["status"] for record in records.values())
    growth = seen.growth
    grown = f"{growth[len(growth) // 2]:+.0f} MB in the median, {growth[-1]:+.0f} MB at most" if growth else "unknown"
    return "\n".join(
        (
            f"{len(records)} trials in {seconds:.0f} s by {seen.commands} commands on {soak.workers} workers ({soak.executor}),"
            f" seed {soak.seed}: " + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())),
            f"kills: {seen.driver_kills} of the command, {seen.worker_kills} of workers; its processes ended within"
            f" {max(seen.ends_after, default=0):.1f} s",
            f"resident size of {len(growth)} workers that lived longer than {SETTLED_SECONDS:g} s: {grown}",
        )
    )


def main() -> int:
    """Soak as the command line says; print figures and problems, and return 1 if there is any problem."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    for name, kind, default in (
        *(("trials", int, 2000), ("studies", int, 10), ("hostile", int, 20), ("workers", int, 2), ("kills", int, 10)),
        *(("between", float, 10.0), ("hog", float, 2000.0), ("seed", int, 0)),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default)
    parser.add_argument("--executor", choices=("ray", "child"), default="ray")
    parser.add_argument("--folder", type=Path, default=None, help="an empty folder to work in, which is kept")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    soak = Soak(
        *(folder, options.trials, options.studies, options.hostile, options.executor, options.workers),
        *(options.kills, options.between, min(options.hog, 2000.0), options.seed),
    )
    return run(soak)


def run(soak: Soak) -> int:
    """Carry out a soak, and print figures and problems; return 1 if there is any problem."""
    draws = random.Random(soak.seed)
    temporary = soak.folder / "tmp"
    temporary.mkdir(parents=True)
    os.environ["TMPDIR"] = str(temporary)
    os.environ.setdefault("RAY_TMPDIR", "/tmp")  # Ray's sockets need a short path
    tempfile.tempdir = None
    adopt_orphans()
    for module in ("torch", "torch._dynamo", "harness.execution.inline", "harness.execution.over_ray", "workloads.data"):
        import_module(module)
    names = submissions(soak, draws)
    hog = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", HOG, str(soak.seed), str(soak.hog)])
    began = time.monotonic()
    try:
        seen = disturb(soak, names, draws, hog)
    finally:
        _kill(hog)
    seconds = time.monotonic() - began
    found = list(problems(soak, names, seen))
    print(figures(soak, seen, seconds))
    print("\n".join(found) or "exactly the records of the plan; nothing is left")
    assert not [pid for pid in children(os.getpid()) if pid != hog]
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

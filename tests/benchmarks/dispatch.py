"""What it costs to hand out trials: our dispatch, one Tune trial per trial, plain Ray actors, and joblib.

    python -m tests.benchmarks.dispatch [TRIALS]

All four run the same short trials of the smoke suite on two workers of this machine and write nothing. "CPU per trial" is what
the processes that hand out trials spend (for our dispatch the driver and the process that keeps Ray's workers), from the first
result to the last; "busy" is the share of the workers' time that is spent on trials: CPU seconds of their processes for a trial
and what guards it, over the wall seconds of the run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from harness.execution.dispatch.capacity import Wanted
from harness.execution.dispatch.driver import Driver
from harness.execution.dispatch.ray_pool import RayPool
from harness.execution.race import Race
from harness.execution.settings import Settings
from harness.execution.worker import work
from harness.plan import Request, make_plan
from harness.records import TrialRecord, TrialSpec
from harness.results import ResultStore
from workloads.data import data_directory

WORKERS = 2
SETTINGS = Settings("ray", data_directory())


@dataclass
class Tally:
    """Results as they arrive: when, and how many CPU seconds each trial took of its worker."""

    cpu: Callable[[], float] = time.process_time
    times: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)

    def add(self, busy: float) -> None:
        """Note a result."""
        self.times.append(time.monotonic())
        self.busy.append(busy)
        self.spent.append(self.cpu())

    def row(self, name: str) -> str:
        """Return a row of the table: the first tenth, while workers start, is left out."""
        first, trials = len(self.times) // 10, len(self.times)
        span = self.times[-1] - self.times[first]
        busy = sum(self.busy[first + 1 :]) / (WORKERS * span)
        cpu = (self.spent[-1] - self.spent[first]) / (trials - 1 - first)
        return f"| {name} | {1e3 * cpu:.1f} ms | {busy:.0%} | {(trials - 1 - first) / span:.0f} |"


def trials(number: int) -> list[TrialSpec]:
    """Return `number` short trials."""
    plan = make_plan(Request(suite="smoke", submissions=("cosine", "linear"), workloads=("digits_mlp",), studies=number))
    return list(plan.trials)[:number]


def run_here(content: dict[str, Any]) -> float:
    """Run one trial in this process, and return the CPU seconds that it took."""
    before = time.process_time()
    work(TrialSpec.from_json(content), SETTINGS, lambda: None, own_process=True)
    return time.process_time() - before


def ours(number: int) -> Tally:
    """Run the trials through `Driver` and `RayPool`."""
    pool = RayPool("", Wanted(WORKERS))
    tally = Tally(lambda: time.process_time() + process_seconds(pool))

    class InMemory(ResultStore):
        def write(self, record: TrialRecord, artefacts: Any = ()) -> Path:
            tally.add(race.summary.worker_seconds - sum(tally.busy))
            return self.directory

    plan = make_plan(Request(suite="smoke", submissions=("cosine", "linear"), workloads=("digits_mlp",), studies=number))
    with tempfile.TemporaryDirectory() as folder:
        race = Race(plan, InMemory(folder), SETTINGS)
        race.prepare()
        while race.left > number:
            race._pending.pop()
        Driver(race, pool, "127.0.0.1", print).run()
        race.close()
    return tally


def process_seconds(pool: RayPool) -> float:
    """Return the CPU seconds of the process that keeps Ray's workers."""
    try:
        stat = Path(f"/proc/{pool._keeper.pid}/stat").read_text() if pool._keeper else ""
    except OSError:
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK") if stat else 0.0


def tune_per_trial(number: int) -> Tally:
    """Run each trial as a trial of Ray Tune, with actors that are used again."""
    import ray
    from ray import tune

    tally, contents = Tally(), [spec.to_json() for spec in trials(number)]

    class One(tune.Trainable):  # type: ignore[misc]
        def setup(self, config: dict[str, Any]) -> None:
            self._index = config["index"]

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self._index = new_config["index"]
            return True

        def step(self) -> dict[str, Any]:
            return {"busy": run_here(contents[self._index]), "done": True}

        def save_checkpoint(self, checkpoint_dir: str) -> None: ...

        def load_checkpoint(self, checkpoint: Any) -> None: ...

    class Note(tune.Callback):  # type: ignore[misc]
        def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any) -> None:
            tally.add(result["busy"])

        def __getstate__(self) -> dict[str, Any]:
            return {}

    start_ray()
    tune.Tuner(
        tune.with_resources(One, {"cpu": 1}),
        param_space={"index": tune.grid_search(list(range(number)))},
        tune_config=tune.TuneConfig(max_concurrent_trials=WORKERS, reuse_actors=True),
        run_config=tune.RunConfig(storage_path=tempfile.mkdtemp(), verbose=0, log_to_file=False, callbacks=[Note()]),
    ).fit()
    ray.shutdown()
    return tally


def plain_actors(number: int) -> Tally:
    """Run the trials on Ray actors, each with one call ahead."""
    import ray

    start_ray()
    tally, waiting = Tally(), iter(trials(number))
    actors = [ray.remote(num_cpus=1)(Actor).remote() for _ in range(WORKERS)]
    running = {actor.run.remote(spec.to_json()): actor for actor, spec in zip(actors * 2, waiting, strict=False)}
    while running:
        (ready,), _ = ray.wait(list(running))
        actor = running.pop(ready)
        tally.add(ray.get(ready))
        spec = next(waiting, None)
        if spec is not None:
            running[actor.run.remote(spec.to_json())] = actor
    ray.shutdown()
    return tally


class Actor:
    """What a plain Ray actor runs."""

    def run(self, content: dict[str, Any]) -> float:
        """Run one trial."""
        return run_here(content)


def joblib(number: int) -> Tally:
    """Run the trials with joblib's process pool."""
    from joblib import Parallel, delayed

    tally = Tally()
    results: Iterator[float] = Parallel(WORKERS, return_as="generator_unordered", batch_size=1, pre_dispatch=2 * WORKERS)(
        delayed(run_here)(spec.to_json()) for spec in trials(number)
    )
    for result in results:
        tally.add(result)
    return tally


def start_ray() -> None:
    """Start a Ray of our own, quietly."""
    import ray

    os.environ.update(RAY_AIR_NEW_OUTPUT="0", TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1", RAY_CHDIR_TO_TRIAL_DIR="0")
    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, logging_level="ERROR", log_to_driver=False)


CONTENDERS = {"ours": ours, "a Tune trial per trial": tune_per_trial, "plain Ray actors": plain_actors, "joblib": joblib}


def main() -> None:
    """Run every contender in a process of its own, so that none inherits another's imports, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", nargs="?", type=int, default=400)
    parser.add_argument("--only", choices=[str(number) for number, _ in zip(count(), CONTENDERS, strict=False)])
    arguments = parser.parse_args()
    if arguments.only is not None:
        name = list(CONTENDERS)[int(arguments.only)]
        print(CONTENDERS[name](arguments.trials).row(name), flush=True)
        os._exit(0)
    print("| dispatch | CPU per trial | busy | trials per second |\n|---|---|---|---|", flush=True)
    for number, _ in enumerate(CONTENDERS):
        os.spawnv(
            os.P_WAIT,
            sys.executable,
            [sys.executable, "-m", "tests.benchmarks.dispatch", str(arguments.trials), "--only", str(number)],
        )


if __name__ == "__main__":
    main()

"""Trials over Ray Tune: long-lived workers, one trial per `step`, one CPU or one GPU each."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "3600")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")  # plug-ins are found relative to the user's working directory
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

if "RAY_AUTH_TOKEN" in os.environ or (Path.home() / ".ray" / "auth_token").exists():
    # A cluster may require the token, and Ray sends it to an explicit address only in this mode.
    os.environ.setdefault("RAY_AUTH_MODE", "token")

import ray
from ray import tune
from ray.tune.search import Searcher

from harness.contracts.errors import BadInput
from harness.execution.race import Race
from harness.execution.referee import Referee, RemoteStopChannel
from harness.execution.worker import work
from harness.pruning import Cell, Stop, stop_from_json
from harness.records import Status, TrialRecord, TrialResult, TrialSpec
from harness.trial.process.time_limit import GRACE_SECONDS


class OneTrial(tune.Trainable):  # type: ignore[misc]
    """A worker: every `step` runs one trial."""

    _spent = 0.0

    def setup(self, config: dict[str, Any], referee: Any = None, settings: Any = None, concurrency: int = 1) -> None:
        """Keep the assignment of the first trial."""
        self._referee, self._settings, self._concurrency = referee, settings, concurrency
        self._assignment = config

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Keep the assignment of the next trial; it runs in the same process."""
        self._assignment = new_config
        return True

    def step(self) -> dict[str, Any]:
        """Run the trial; return its record as JSON, its artefacts, and the CPU seconds that it took."""
        assignment = json.loads(self._assignment["assignment"])
        spec = TrialSpec.from_json(assignment["spec"])
        known = stop_from_json(assignment["stop"]) if assignment["stop"] else None
        channel = RemoteStopChannel(self._referee, spec.cell, known)
        record, artefacts = work(spec, self._settings, channel, concurrency=self._concurrency, own_process=True).result
        spent = time.process_time() - self._spent
        self._spent += spent
        content = json.dumps(record.to_json(), allow_nan=False)
        # Tune requires a metric; nothing reads it.
        return {"record": content, "artefacts": artefacts, "spent": spent, "score": 0.0, "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Save nothing: a trial that was interrupted starts again."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Load nothing."""


class _Dispatch(Searcher):  # type: ignore[misc]
    """What Tune asks for the next trial, and to which it gives every result."""

    def __init__(self, race: Race, referee: Any) -> None:
        super().__init__(metric="score", mode="max")
        self._race, self._referee = race, referee
        self._running: dict[str, tuple[TrialSpec, float]] = {}
        self._published: dict[Cell, Stop] = {}
        self.error: BaseException | None = None

    @property
    def running(self) -> int:
        """Trials that started and have not ended."""
        return len(self._running)

    def suggest(self, trial_id: str) -> Any:
        """Return the next trial's assignment."""
        spec = None if self.error else self._race.next()
        if spec is None:
            return Searcher.FINISHED
        self._running[trial_id] = spec, time.monotonic()
        stop = self._publish(spec.cell)
        assignment = {"spec": spec.to_json(), "stop": stop.to_json() if stop else None}
        return {"assignment": json.dumps(assignment)}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Write the record of a trial that ended, or whose worker died."""
        spec, started = self._running.pop(trial_id, (None, 0.0))
        if spec is None or self.error:
            return
        try:
            if result is not None and "record" in result:
                self._race.summary.worker_seconds += float(result.get("spent", 0.0))
                record = TrialRecord.from_json(json.loads(result["record"]))
                self._race.done(TrialResult(record, result["artefacts"]))
            else:
                self._died(spec, time.monotonic() - started)
        except BaseException as failure:  # noqa: BLE001  Tune would swallow it, and the user must see that the disk is full
            self.error = failure
            return
        for cell in {running.cell for running, _ in self._running.values()}:  # a limit may come from any other study
            self._publish(cell)

    def _publish(self, cell: Cell) -> Stop | None:
        """Return what stops the trials of a study now, and send it to the referee where it is new."""
        stop = self._race.stop_for(cell)
        if stop is not None and stop != self._published.get(cell):
            self._published[cell] = stop
            self._referee.set_stop.remote(cell, stop)
        return stop

    def _died(self, spec: TrialSpec, seconds: float) -> None:
        limit = self._race.settings.limit
        if limit is not None and seconds >= limit + GRACE_SECONDS * 0.9:
            self._race.ended(spec, Status.TIMEOUT, f"over the time limit of {limit:g} s, in a call that holds the interpreter")
        else:
            self._race.ended(spec, Status.KILLED, "its worker died; run the same command again to run it again")

    def __deepcopy__(self, memo: Any) -> _Dispatch:
        return self  # Tune copies its configuration, but there is only one race

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles its configuration; a race resumes from its records

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the records on disk are the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing."""


def run_over_ray(race: Race) -> None:
    """Run all trials of a prepared race over Ray: on the cluster at the given address, or on one started here.

    Raises:
        BadInput: no cluster answers at the address, or it has no device of the kind that is needed.
        KeyboardInterrupt: the user interrupted the run.
    """
    settings = race.settings
    if not race.left:
        return
    own = _connect(settings.address, settings.workers)
    try:
        gpu = settings.device != "cpu"
        available = int(ray.cluster_resources().get("GPU" if gpu else "CPU", 0))
        if available < 1:
            raise BadInput(f"the Ray cluster offers no {'GPU' if gpu else 'CPU'}: add a node, or use --executor inline")
        concurrency = min(settings.workers or available, available)
        referee = ray.remote(num_cpus=0)(Referee).remote()
        dispatch = _Dispatch(race, referee)
        scratch = Path(tempfile.mkdtemp(prefix="timetrial-"))
        try:
            _tune(race, dispatch, referee, concurrency, gpu, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if dispatch.error is not None:
            raise dispatch.error
        if race.left or dispatch.running:
            raise KeyboardInterrupt  # Tune returns normally when it is interrupted
    finally:
        if own:
            ray.shutdown()


def _connect(address: str, workers: int | None) -> bool:
    """Join the cluster at `address` or start one here; return whether this run has to disconnect from it, or stop it."""
    if ray.is_initialized():
        return False
    quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False, "configure_logging": True}
    address = address or os.environ.get("RAY_ADDRESS", "")
    if address:
        _probe(address)
        try:
            ray.init(address=address, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise BadInput(f"no Ray cluster answers at '{address}': {str(error).splitlines()[0]}") from None
        return True
    ray.init(num_cpus=workers or os.cpu_count(), include_dashboard=False, **quiet)
    return True


def _probe(address: str) -> None:
    """Check that something listens at `address`: Ray itself waits for minutes where nothing does."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return  # "auto", for instance, which Ray resolves itself
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError as error:
        raise BadInput(
            f"no Ray cluster answers at '{address}': {error.strerror or error}; start one with `ray start --head`"
        ) from None


def _tune(race: Race, dispatch: _Dispatch, referee: Any, concurrency: int, gpu: bool, scratch: Path) -> None:
    trainable = tune.with_parameters(OneTrial, referee=referee, settings=race.settings, concurrency=concurrency)
    tuner = tune.Tuner(
        tune.with_resources(trainable, {"cpu": 1, "gpu": 1} if gpu else {"cpu": 1}),
        tune_config=tune.TuneConfig(
            search_alg=dispatch,
            num_samples=race.left,
            max_concurrent_trials=concurrency,
            reuse_actors=True,
            trial_name_creator=lambda trial: trial.trial_id,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="race",
            storage_path=str(scratch),
            verbose=0,
            log_to_file=False,
            failure_config=tune.FailureConfig(max_failures=0, fail_fast=False),
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
        ),
    )
    tuner.fit()

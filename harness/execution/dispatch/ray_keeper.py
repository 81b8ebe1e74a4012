"""The process that joins or starts a Ray cluster and has Ray Tune keep one long-lived worker per CPU or GPU.

Only this process imports Ray: whatever Ray prints, raises or dies of stays here, and the driver starts another one. It is
started by `harness.execution.dispatch.ray_guard`; it reports in lines of JSON, and reads commands from standard input, until
that ends.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "3600")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")  # plug-ins are found relative to the user's working directory
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_kill_child_processes_on_worker_exit_with_raylet_subreaper", "true")  # those of plug-ins, too
os.environ.setdefault("RAY_memory_monitor_refresh_ms", "0")  # on a cluster of our own, workers have limits of their own

with suppress(RuntimeError):  # there is no home directory
    if "RAY_AUTH_TOKEN" in os.environ or (Path.home() / ".ray" / "auth_token").exists():
        # A cluster may require the token, and Ray sends it to an explicit address only in this mode.
        os.environ.setdefault("RAY_AUTH_MODE", "token")

import ray
from ray import tune
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from harness.execution.dispatch.messages import Lost, connect
from harness.execution.dispatch.processes import arguments_and_secret
from harness.execution.dispatch.scratch import ScratchFolder

PAUSE_SECONDS = 1.0
"""Between two attempts to keep workers alive after a failure."""

PROBE_SECONDS = 5.0

MEMORY_WORDS = re.compile(r"memory monitor|OutOfMemory|low on memory|running low", re.IGNORECASE)
"""By which Ray's texts say that it killed a worker because its machine's memory ran short."""

PID = re.compile(r"\bpid[=:]\s*(\d+)")


class CannotStart(Exception):
    """Ray cannot be started, or joined; its text is one line."""


class Worker(tune.Trainable):  # type: ignore[misc]
    """A worker: its one `step` serves the driver until there are no trials left."""

    def setup(self, config: dict[str, Any], host: str = "", port: int = 0, token: str = "") -> None:
        """Keep where the driver is."""
        self._address, self._token = (host, port), token

    def step(self) -> dict[str, Any]:
        """Run trials; a process that must not run another one ends, and Tune starts a new one."""
        from harness.execution.dispatch.serving import serve

        try:
            node = ray.get_runtime_context().get_node_id()
            replaced = serve(connect(self._address), self._token, key=self.trial_id, node=node)
        except Lost:
            time.sleep(PAUSE_SECONDS)  # the driver has gone, and its cluster will end; Tune would start this step at once again
            raise
        if replaced:
            os._exit(0)  # threads that a plug-in left behind must not keep this process
        return {"done": True, "score": 0.0}  # Tune requires a metric; nothing reads it

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Save nothing: the records are the state."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Load nothing."""


class Obituaries(tune.Callback):  # type: ignore[misc]
    """Reports why workers died."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune saves its callbacks; nothing restores them

    def on_trial_recover(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """Report a worker that Tune is going to start again."""
        text = ""
        with suppress(OSError, TypeError):
            text = Path(trial.error_file).read_text(encoding="utf-8", errors="replace").rpartition("Failure # ")[2]
        pid = PID.search(text)
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
        self._keeper.report(
            "died",
            key=trial.trial_id,
            pid=int(pid[1]) if pid else None,
            memory=bool(MEMORY_WORDS.search(text)),
            text=last[:300],
        )

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """Report a worker that Tune gives up."""
        self.on_trial_recover(iteration, trials, trial)


class Keeper:
    """Keeps workers alive on a Ray cluster.

    Args:
        address: of a running cluster; empty starts one on this machine.
        workers: how many; None means one per device.
        gpu: whether each takes a GPU instead of a CPU.
        port: at which the driver listens, on this machine.
        token: by which the driver knows its workers.
        reports: descriptor to which reports are written.
    """

    def __init__(self, address: str, workers: int | None, *, gpu: bool, port: int, token: str, reports: int) -> None:
        self._address, self._workers, self._gpu, self._port, self._token = address, workers, gpu, port, token
        self._reports = os.fdopen(reports, "w", buffering=1, encoding="utf-8")
        self._writing = threading.Lock()

    def report(self, kind: str, **content: Any) -> None:
        """Tell the driver something."""
        with self._writing, suppress(OSError):
            self._reports.write(json.dumps({"type": kind, **content}) + "\n")

    def run(self) -> None:
        """Keep workers alive until all of them have been told that there are no trials left."""
        threading.Thread(target=self._obey, name="commands", daemon=True).start()
        try:
            self._join()
            device = "GPU" if self._gpu else "CPU"
            available = int(ray.cluster_resources().get(device, 0))
            if available < 1:
                raise CannotStart(f"the Ray cluster offers no {device}: add a node, or use --executor inline")
        except CannotStart as error:
            self.report("unavailable", reason=str(error))
            return
        count = min(self._workers or available, available)
        self.report("ready", workers=count)
        while not self._keep(count):
            time.sleep(PAUSE_SECONDS)
        ray.shutdown()

    def _join(self) -> None:
        """Join the cluster at the address, or start one here."""
        quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False, "configure_logging": True}
        logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
        try:
            if self._address:
                _probe(self._address)
                ray.init(address=self._address, **quiet)
            else:
                ray.init(address="local", num_cpus=self._workers or os.cpu_count(), include_dashboard=False, **quiet)
        except CannotStart:
            raise
        except Exception as error:  # noqa: BLE001  Ray raises many kinds, and each one is one line for the user
            line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            line = line.partition(". ")[0][:300]
            where = f"no Ray cluster answers at '{self._address}'" if self._address else "Ray does not start"
            raise CannotStart(f"{where}: {line}") from None

    def _keep(self, count: int) -> bool:
        """Have Tune keep the workers; return whether they have all ended because no trials are left."""
        scratch = ScratchFolder()
        loopback = not self._address or self._address.startswith(("127.", "localhost", "ray://127.", "ray://localhost"))
        host = "127.0.0.1" if loopback else ray.util.get_node_ip_address()
        worker = tune.with_parameters(Worker, host=host, port=self._port, token=self._token)
        tuner = tune.Tuner(
            tune.with_resources(worker, {"cpu": 1, "gpu": 1} if self._gpu else {"cpu": 1}),
            tune_config=tune.TuneConfig(num_samples=count, max_concurrent_trials=count),
            run_config=tune.RunConfig(
                name="workers",
                storage_path=str(scratch.path),
                verbose=0,
                log_to_file=False,
                failure_config=tune.FailureConfig(max_failures=-1),
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
                callbacks=[Obituaries(self)],
            ),
        )
        try:
            results = tuner.fit()
        except Exception as error:  # noqa: BLE001  Tune does not survive everything: Ray's memory monitor, for instance
            text = f"{type(error).__name__}: {error}"
            self.report("interrupted", memory=bool(MEMORY_WORDS.search(text)), text=text.splitlines()[0][:300])
            return False
        else:
            return not results.errors and len(results) == count
        finally:
            scratch.remove()

    def _obey(self) -> None:
        """Carry out the driver's commands; end with it."""
        for line in sys.stdin:
            with suppress(ValueError, KeyError, OSError):
                command = json.loads(line)
                _kill(command["node"], int(command["pid"]))
        end = threading.Timer(PROBE_SECONDS, os._exit, (1,))
        end.daemon = True
        end.start()
        with suppress(Exception):
            ray.shutdown()
        os._exit(0)


def _kill(node: str, pid: int) -> None:
    """Kill a worker's process, wherever it runs."""
    if node == ray.get_runtime_context().get_node_id():
        os.kill(pid, signal.SIGKILL)
        return
    there = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
    ray.remote(num_cpus=0)(os.kill).options(scheduling_strategy=there).remote(pid, signal.SIGKILL)


def _probe(address: str) -> None:
    """Check that something listens at `address`: Ray itself waits for minutes where nothing does.

    Raises:
        CannotStart: nothing does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return  # "auto", for instance, which Ray resolves itself
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotStart(f"no Ray cluster answers at '{address}': {reason}; start one with `ray start --head`") from None


def main() -> None:
    """Run the keeper that the command line describes: ADDRESS WORKERS DEVICE PORT REPORTS."""
    (address, workers, device, port, reports), token = arguments_and_secret()
    keeper = Keeper(address, int(workers) or None, gpu=device != "cpu", port=int(port), token=token, reports=int(reports))
    keeper.run()
    os._exit(0)

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
from dataclasses import asdict
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
from ray.cloudpickle import register_pickle_by_value
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from harness.execution.dispatch import ray_worker
from harness.execution.dispatch.capacity import CannotStart, Found, Wanted, found_capacity, gpu_types
from harness.execution.dispatch.left_out import LEFT_OUT
from harness.execution.dispatch.mig import slices
from harness.execution.dispatch.processes import arguments_and_secret
from harness.execution.dispatch.ray_worker import PAUSE_SECONDS, Placement, Worker, unusable_node
from harness.execution.dispatch.scratch import ScratchFolder

register_pickle_by_value(ray_worker)

PROBE_SECONDS = 5.0

LOOK_SECONDS = 2.0
"""How often the nodes of a cluster that was joined are looked at."""

MEMORY_WORDS = re.compile(r"memory monitor|OutOfMemory|low on memory|running low", re.IGNORECASE)
"""By which Ray's texts say that it killed a worker because its machine's memory ran short."""

NODE_WORDS = re.compile(r"node has died|node was (?:terminated|preempted|drained)", re.IGNORECASE)
"""By which they say that the worker's node has died."""

PID = re.compile(r"\bpid[=:]\s*(\d+)")


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
        if unusable := unusable_node(text):
            LEFT_OUT.add(unusable[0])
            self._keeper.report("unusable", node=unusable[0], reason=unusable[1])
            return
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
        self._keeper.report(
            "died",
            key=trial.trial_id,
            pid=int(pid[1]) if pid else None,
            memory=bool(MEMORY_WORDS.search(text)),
            node=bool(NODE_WORDS.search(text)),
            text=last[:300],
        )

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """Report a worker that Tune gives up."""
        self.on_trial_recover(iteration, trials, trial)


class Keeper:
    """Keeps workers alive on a Ray cluster.

    Args:
        address: of a running cluster; empty starts one on this machine.
        wanted: how many workers on which device, as the driver asks for them.
        port: at which the driver listens, on this machine; 0: nobody does, and the cluster is only asked what it offers.
        token: by which the driver knows its workers.
        reports: descriptor to which reports are written.
    """

    def __init__(self, address: str, wanted: Wanted, *, port: int, token: str, reports: int) -> None:
        self._address, self._wanted, self._port, self._token = address, wanted, port, token
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
            nodes = ray.nodes()
            found = found_capacity(nodes, self._wanted, joined=bool(self._address))
        except CannotStart as error:
            self.report("unavailable", reason=str(error))
            return
        self.report("ready", capacity=asdict(found.capacity), slots=found.slots, gpus=gpu_types(nodes))
        if not self._port:
            ray.shutdown()
            return
        if self._address:
            threading.Thread(target=self._look, args=(found.name,), name="nodes", daemon=True).start()
        while not self._keep(found):
            time.sleep(PAUSE_SECONDS)
        ray.shutdown()

    def _join(self) -> None:
        """Join the cluster at the address, or start one here."""
        quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False, "configure_logging": True}
        logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
        try:
            if self._address:
                _probe(self._address)
                self.report("joining")
                ray.init(address=self._address, **quiet)
            else:
                own: dict[str, Any] = {"num_cpus": self._wanted.workers or os.cpu_count(), "include_dashboard": False}
                parts = slices() if self._wanted.device != "cpu" and "CUDA_VISIBLE_DEVICES" not in os.environ else []
                if parts:
                    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(parts)
                    own["num_gpus"] = len(parts)
                ray.init(address="local", **own, **quiet)
        except CannotStart:
            raise
        except Exception as error:  # noqa: BLE001  Ray raises many kinds, and each one is one line for the user
            line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            line = line.partition(". ")[0][:300]
            where = f"no Ray cluster answers at '{self._address}'" if self._address else "Ray does not start"
            raise CannotStart(f"{where}: {line}") from None

    def _look(self, device: str) -> None:
        """Report which nodes that have a device are alive, whenever that has changed."""
        before: set[str] = set()
        while True:
            with suppress(Exception):  # the head is gone: `_keep` finds that out
                alive = {str(node["NodeID"]) for node in ray.nodes() if node["Alive"] and node["Resources"].get(device)}
                if alive != before:
                    before = alive
                    self.report("nodes", alive=sorted(alive))
            time.sleep(LOOK_SECONDS)

    def _keep(self, found: Found) -> bool:
        """Have Tune keep the workers; return whether they have all ended because no trials are left."""
        count, scratch = found.capacity.wanted, ScratchFolder()
        loopback = not self._address or self._address.startswith(("127.", "localhost", "ray://127.", "ray://localhost"))
        host = "127.0.0.1" if loopback else ray.util.get_node_ip_address()
        worker = tune.with_parameters(Worker, host=host, port=self._port, token=self._token)
        tuner = tune.Tuner(
            tune.with_resources(worker, Placement([found.resources])),
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
                if "leave_out" in command:
                    LEFT_OUT.add(str(command["leave_out"]))
                    continue
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
    """Run the keeper that the command line describes: ADDRESS WANTED PORT REPORTS."""
    (address, wanted, port, reports), token = arguments_and_secret()
    keeper = Keeper(address, Wanted(**json.loads(wanted)), port=int(port), token=token, reports=int(reports))
    keeper.run()
    os._exit(0)

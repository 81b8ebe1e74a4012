"""One Ray cluster for all tests that do not start one of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

WORKERS = 2


def free_ports(count: int) -> list[int]:
    """Return ports on which nothing listens."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """Yield the address of a Ray cluster on this machine that outlives every run that joins it."""
    port, client_port = free_ports(2)
    folder = Path(tempfile.mkdtemp(prefix="timetrial-ray-"))  # a short path: Ray puts sockets under it
    head = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", "--node-ip-address=127.0.0.1"]
    options: dict[str, object] = {
        "port": port,
        "min-worker-port": 0,  # any free ones, so that the clusters of two test processes do not collide
        "max-worker-port": 0,
        "num-cpus": WORKERS,
        "include-dashboard": "false",
        "temp-dir": folder,
    }
    if find_spec("grpc"):  # without it there is no such server, and the option is an error
        options["ray-client-server-port"] = client_port
    log = folder / "head.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [*head, "--disable-usage-stats", *(f"--{name}={value}" for name, value in options.items())],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        try:
            wait_until_started(log, process)
            yield f"127.0.0.1:{port}"
            assert process.poll() is None, "a run must not stop a cluster that it joined"
        finally:
            process.terminate()
            process.wait(timeout=30)
            shutil.rmtree(folder, ignore_errors=True)


def wait_until_started(log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the head node says that it has started."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if "Ray runtime started" in log.read_text():
            return
        time.sleep(0.1)
    raise RuntimeError(f"the Ray cluster of the tests did not start: {log.read_text()}")

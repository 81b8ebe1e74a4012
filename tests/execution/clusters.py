"""Ray clusters on this machine: a head node, and further nodes, of which one need not see a folder that the others do."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

RAY = Path(sys.executable).with_name("ray")

OPTIONS = ("--block", "--node-ip-address=127.0.0.1", "--min-worker-port=0", "--max-worker-port=0", "--disable-usage-stats")
"""Any free ports for workers, so that the clusters of two test processes do not collide."""

HIDING = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"')
"""Runs a command that sees an empty folder in the place of one."""


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


def can_hide_folders() -> bool:
    """Return whether this user may give a process a file system of its own."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return subprocess.run([*HIDING, folder, "true"], capture_output=True, check=False).returncode == 0
        except OSError:
            return False


@contextmanager
def head_node(cpus: int, **env: str) -> Iterator[str]:
    """Yield the address of a new cluster of one node that outlives every run that joins it."""
    port, client_port = free_ports(2)
    folder = Path(tempfile.mkdtemp(prefix="timetrial-ray-"))  # a short path: Ray puts sockets under it
    line = ["--head", f"--port={port}", f"--num-cpus={cpus}", "--include-dashboard=false", f"--temp-dir={folder}"]
    if find_spec("grpc"):  # without it there is no such server, and the option is an error
        line.append(f"--ray-client-server-port={client_port}")
    try:
        with node(folder / "head.log", *line, **env) as process:
            yield f"127.0.0.1:{port}"
            assert process.poll() is None, "a run must not stop a cluster that it joined"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def node(log: Path, *options: str, hidden: Path | None = None, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the process of a node.

    Args:
        log: file to which it prints.
        options: of ``ray start``.
        hidden: a folder that it sees empty.
        env: additions to its environment, which its workers have too.
    """
    before = (*HIDING, str(hidden)) if hidden else ()
    own = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONUNBUFFERED": "1", **env}
    if any(option.startswith("--address") for option in options) and (Path.home() / ".ray" / "auth_token").exists():
        own["RAY_AUTH_MODE"] = "token"  # the head asks for it, and a node that joins sends it in this mode only
    with (
        log.open("w") as output,
        subprocess.Popen(
            [*before, RAY, "start", *OPTIONS, *options],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=own,
            cwd=log.parent,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait_until_started(log, process)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            finally:
                kill_node(process)


def kill_node(process: subprocess.Popen[bytes]) -> None:
    """Kill a node and everything on it at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_until_started(log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a node says that it has started."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if "Ray runtime started" in log.read_text():
            return
        time.sleep(0.1)
    raise RuntimeError(f"a Ray node of the tests did not start: {log.read_text()}")

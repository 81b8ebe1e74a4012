"""Ray's own processes die, or are somebody else's: the run goes on, or ends with one line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.cli.app import run_app
from harness.execution.dispatch import ray_pool
from tests.execution.commands import outcome, started, timetrial
from tests.execution.dying import write_plugin
from tests.execution.races import SMALL, small_race

SOON = {"RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
"""How long Ray's processes wait for the head to come back: a minute by default."""

LONG = ("run", "--suite", "smoke", "--track", "external", "-s", "adamw+linear", "--studies", 1, "--trials", 1)


@pytest.fixture(scope="module")
def inline(tmp_path_factory):
    return small_race(tmp_path_factory)


def children(pid: int, *words: str) -> list[int]:
    """Return the descendants of a process whose command line holds all `words`."""
    parents, lines = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, line = (folder / "stat").read_text(), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            continue
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
        lines[int(folder.name)] = line
    found, newest = set(), {pid}
    while newest:
        newest = {child for child, parent in parents.items() if parent in newest} - found
        found |= newest
    return sorted(child for child in found if all(word in lines[child] for word in words))


@contextmanager
def running(*line, writes_board=True, **env):
    """Yield a process of the command, with an environment that has `env` in addition; it is killed at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        run = started(*line, writes_board=writes_board)
    with run:
        try:
            yield run
        finally:
            run.kill()


def wait_for(condition, seconds=150):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def slow_plugin(folder):
    return write_plugin(folder, "slow", "time.sleep(6)")


PROCESSES = {
    "worker": "ray::ResourceTrainable",
    "raylet": "raylet/raylet",
    "gcs_server": "gcs_server",
    "keeper": "ray_guard",
}
"""{process of Ray: a word of its command line}."""


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it finds processes through /proc")
@pytest.mark.parametrize("whose", [("worker", "raylet"), pytest.param(tuple(PROCESSES), marks=pytest.mark.slow)], ids=len)
def test_the_run_goes_on_when_processes_of_ray_are_killed(tmp_path, whose):
    """Each of them is killed while a trial runs: one after the other, in one run."""
    results, signals = tmp_path / "results", tmp_path / "signals"
    signals.mkdir()
    begun, go_on = ({who: signals / f"{who} {what}" for who in PROCESSES} for what in ("begun", "goes on"))
    deed = "open({!r}, 'w').close()\nwhile not os.path.exists({!r}): time.sleep(0.05)"
    plugins = [
        write_plugin(tmp_path, f"waits_{index}", deed.format(str(begun[who]), str(go_on[who])))
        for index, who in enumerate(whose)
    ]
    names = [word for path in plugins for word in ("-s", path)]
    line = ("run", "--suite", "smoke", "--track", "external", *names, "--studies", 1, "--trials", 1, "--workers", 1)
    with running(*line, "--results", results, writes_board=False, **SOON) as run:
        for who, word in ((who, PROCESSES[who]) for who in whose):
            wait_for(lambda who=who: begun[who].exists() or run.poll() is not None)
            before = set(children(run.pid, word))
            assert before, "there is no such process"
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            wait_for(lambda word=word, before=before: set(children(run.pid, word)) - before or run.poll() is not None)
            go_on[who].touch()
        said = run.communicate(timeout=200)[0]
    assert run.returncode == 0, said
    assert "Traceback" not in said and "raylet" not in said and len(outcome(results)) == len(whose), said
    assert "the process that keeps Ray's workers has died" in said and ": trying again" in said, said


@pytest.mark.slow
def test_a_cluster_that_somebody_left_is_not_joined(cluster, inline, tmp_path):
    done = timetrial(*SMALL, "--workers", 1, "--results", tmp_path, RAY_ADDRESS="")
    assert done.returncode == 0, done.stderr + done.stdout
    assert outcome(tmp_path) == outcome(inline)


def test_where_ray_cannot_start_trials_run_inline_with_one_line(inline, tmp_path, monkeypatch):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("RAY_TMPDIR", str(blocked))
    done = timetrial(*SMALL, "--workers", 1, "--results", tmp_path / "results", writes_board=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert sum("--executor inline" in line for line in done.stdout.splitlines()) == 1, done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert outcome(tmp_path / "results") == outcome(inline)


def test_without_ray_trials_run_inline_with_one_line(inline, tmp_path, monkeypatch):
    """Even where a cluster would have chosen the device."""
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    done = timetrial(*SMALL, "--results", tmp_path, without="ray", writes_board=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Ray is not installed here" in done.stdout
    assert outcome(tmp_path) == outcome(inline)


def test_an_address_where_something_else_listens_is_one_line(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(ray_pool, "JOIN_SECONDS", 5.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        calls: list = []
        threading.Thread(target=lambda: calls.extend(iter(listener.accept, None)), daemon=True).start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        status = run_app([*map(str, SMALL), "--address", address, "--results", str(tmp_path)])
    lines = "".join(capfd.readouterr()).strip().splitlines()
    assert status == 2, lines
    assert len(lines) == 1 and address in lines[0], lines


@pytest.mark.slow
def test_the_head_of_a_cluster_dies(tmp_path):
    """One line says what is kept and how to go on."""
    from tests.execution.clusters import free_ports, wait_until_started

    (port,) = free_ports(1)
    ray = Path(sys.executable).with_name("ray")
    line = [ray, "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}", "--num-cpus=1"]
    line += ["--include-dashboard=false", "--min-worker-port=0", "--max-worker-port=0", "--disable-usage-stats"]
    log = tmp_path / "head.log"
    slow, results = slow_plugin(tmp_path), tmp_path / "results"
    with log.open("w") as output, subprocess.Popen([*line, f"--temp-dir=/tmp/tt{port}"], stdout=output, stderr=output) as head:
        try:
            wait_until_started(log, head)
            with running(*LONG, "-s", slow, "--address", f"127.0.0.1:{port}", "--results", results, **SOON) as run:
                wait_for(lambda: list(results.glob("trials/*/*/*.json")) or run.poll() is not None)
                for pid in children(head.pid):
                    os.kill(pid, signal.SIGKILL)
                head.kill()
                said = run.communicate(timeout=300)[0]
        finally:
            head.kill()
    assert run.returncode == 1, said
    (stopped,) = (line for line in said.splitlines() if line.startswith("timetrial: "))
    assert "1 of 2 trials are recorded: run the same command again to resume" in stopped
    assert "Traceback" not in said and "raylet" not in said, said


@pytest.mark.slow
def test_a_second_interrupt_is_heard(cluster, tmp_path):
    slow = slow_plugin(tmp_path)
    with running(*LONG, "-s", slow, "--address", cluster, "--workers", 1, "--results", tmp_path / "results") as run:
        wait_for(lambda: list((tmp_path / "results").glob("trials/*/*/*.json")) or run.poll() is not None)
        run.send_signal(signal.SIGINT)
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=100)[0]
    assert run.returncode == 130, said
    assert said.count("1 of 2 trials are recorded: run the same command again to resume") == 1, said
    assert "Traceback" not in said


def memory():
    """Return this machine's total and available memory in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return tuple(1024 * int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable"))


@pytest.mark.slow
def test_another_program_takes_the_memory_and_the_memory_monitor_kills_the_workers(tmp_path):
    """The trial is under its own limit, so its deaths do not count; it runs once the memory is back."""
    from tests.execution.clusters import free_ports, wait_until_started

    total, available = memory()
    hog_bytes, room = 7 * 2**30, 5 * 2**30  # workers fit into the room that is left, the hog does not
    if available < hog_bytes + 3 * 2**30:
        pytest.skip("it needs 10 GiB of free memory")
    threshold = (total - available + room) / total
    (port,) = free_ports(1)
    line = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", "--node-ip-address=127.0.0.1"]
    line += [f"--port={port}", "--num-cpus=1", "--include-dashboard=false", "--min-worker-port=0", "--max-worker-port=0"]
    env = {**os.environ, "RAY_memory_usage_threshold": f"{threshold:.4f}", "RAY_memory_monitor_refresh_ms": "100"}
    log, results = tmp_path / "head.log", tmp_path / "results"
    gone = tmp_path / "gone"
    slow = write_plugin(tmp_path, "slow", f"while not os.path.exists({str(gone)!r}):\n    time.sleep(0.1)")
    hog_code = (
        f"import time; kept = bytearray({hog_bytes}); kept[::4096] = b'x' * len(kept[::4096]); time.sleep(8); "
        f"open({str(gone)!r}, 'w')"
    )
    with (
        log.open("w") as output,
        subprocess.Popen([*line, f"--temp-dir=/tmp/tt{port}"], stdout=output, stderr=output, env=env) as head,
    ):
        try:
            wait_until_started(log, head)
            with running(*LONG, "-s", slow, "--address", f"127.0.0.1:{port}", "--results", results) as run:
                wait_for(lambda: list(results.glob("trials/*/*/*.json")) or run.poll() is not None)
                with subprocess.Popen([sys.executable, "-c", hog_code]):
                    said = run.communicate(timeout=300)[0]
        finally:
            head.send_signal(signal.SIGTERM)
            head.wait(timeout=60)
    assert run.returncode == 0, said
    assert sum("memory ran short" in line for line in said.splitlines()) >= 1, said
    assert "Traceback" not in said and len(outcome(results)) == 2, said


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it finds processes through /proc")
def test_nothing_of_ray_or_of_a_plugin_outlives_a_command_that_is_killed(tmp_path):
    begun = tmp_path / "begun"
    deed = f"subprocess.Popen(['sleep', '597'], start_new_session=True)\nopen({str(begun)!r}, 'w').close()\ntime.sleep(120)"
    plugin = write_plugin(tmp_path, "starts_another", "import subprocess\n" + deed)
    line = ("run", "--suite", "smoke", "--track", "external", "-s", plugin, "--studies", 1, "--trials", 1, "--workers", 1)
    with running(*line, "--results", tmp_path / "results") as run:
        wait_for(lambda: begun.exists() or run.poll() is not None)
        for word in (*PROCESSES.values(), "ray::RuntimeEnvAgent", "sleep 597"):
            assert children(run.pid, word), word
        before = [(pid, started_at(pid)) for pid in children(run.pid)]
        run.kill()
    wait_for(lambda: not [pid for pid, at in before if started_at(pid) == at], seconds=20)


def started_at(pid):
    """Return when a process was started; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]

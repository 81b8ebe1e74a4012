"""The driver and real worker processes, without Ray: deaths, limits, starts, and workers that must be replaced."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from harness.execution.dispatch import child_guard, failed_starts
from harness.execution.dispatch import driver as driver_module
from harness.execution.dispatch.child_pool import ChildPool
from harness.execution.dispatch.driver import Driver
from harness.execution.dispatch.messages import Lost
from harness.execution.dispatch.pools import RunStopped
from harness.execution.dispatch.travel import PluginFiles
from harness.results import ResultStore
from tests.execution.commands import outcome, timetrial
from tests.execution.dying import write_plugin
from tests.execution.scripted import OneLiar, joined, on_node, race_id, race_of, statuses

HONEST = ("linear", "cosine")

DEADLY = {
    "kills_itself": "C.kill(os.getpid(), signal.SIGKILL)",
    "exits": "C._exit(3)",
    "aborts": "C.abort()",
    "kills_its_parent": "C.kill(os.getppid(), signal.SIGKILL); time.sleep(600)",
}

TRACK = ("--track", "external", "--suite", "smoke", "--studies", 1, "--trials", 1)


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """Return what two honest submissions do inline."""
    folder = tmp_path_factory.mktemp("honest")
    names = [word for name in HONEST for word in ("-s", f"adamw+{name}")]
    done = timetrial("run", *names, *TRACK, "--executor", "inline", "--results", folder, writes_board=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return outcome(folder)


@pytest.mark.long
def test_deaths_leave_killed_trials_and_the_honest_records_to_the_last_bit(tmp_path, honest):
    plugins = [write_plugin(tmp_path, name, deed) for name, deed in DEADLY.items()]
    race, said = race_of(tmp_path / "results", *plugins, *(f"adamw+{name}" for name in HONEST))
    Driver(race, ChildPool(2), "127.0.0.1", said.append).run()
    race.close()
    assert statuses(tmp_path / "results") == {
        **dict.fromkeys(DEADLY, "killed"),
        **{f"adamw+{name}": honest_status(honest, f"adamw+{name}") for name in HONEST},
    }
    records = outcome(tmp_path / "results")
    assert {trial: records[trial] for trial in honest} == honest
    reasons = {Path(r.spec.submission).stem: r.reason for r in ResultStore(tmp_path / "results").records()}
    assert "SIGKILL" in reasons["kills_itself"] and "exit status 3" in reasons["exits"] and "SIGABRT" in reasons["aborts"]
    assert len(said) >= len(DEADLY) and all("is run again" in line for line in said)
    assert not list((tmp_path / "results" / ".claims").glob("*[0-9a-f]*.json"))


def honest_status(honest: dict, name: str) -> str:
    return next(record["status"] for record in honest.values() if record["spec"]["submission"] == name)


def leaves_a_process(folder, then):
    """Return a plug-in that starts a process with a session of its own, notes its id, and does something else."""
    noted = folder / "noted"
    deed = "if (left := os.fork()) == 0:\n    os.setsid()\n    time.sleep(600)\n"
    deed += f"open({str(noted)!r}, 'w').write(str(left))\n{then}"
    return write_plugin(folder, "leaves", deed), noted


def wait_until_ended(pid, seconds=20):
    deadline = time.monotonic() + seconds
    while (stat := Path(f"/proc/{pid}/stat")).exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it finds processes through /proc")
def test_what_a_trial_has_started_ends_with_its_worker(tmp_path):
    plugin, noted = leaves_a_process(tmp_path, "C._exit(3)")
    race, said = race_of(tmp_path / "results", plugin)
    Driver(race, ChildPool(1), "127.0.0.1", said.append).run()
    race.close()
    wait_until_ended(int(noted.read_text()))


RUN_A_DRIVER = """
import sys
from pathlib import Path
from harness.execution.dispatch.child_pool import ChildPool
from harness.execution.dispatch.driver import Driver
from tests.execution.scripted import race_of
race, said = race_of(Path(sys.argv[1]), sys.argv[2])
Driver(race, ChildPool(1), "127.0.0.1", said.append).run()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it finds processes through /proc")
def test_what_a_trial_has_started_ends_with_the_command(tmp_path):
    plugin, noted = leaves_a_process(tmp_path, "time.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", RUN_A_DRIVER, str(tmp_path / "results"), str(plugin)]) as run:
        while not (noted.exists() and noted.read_text()) and run.poll() is None:
            time.sleep(0.05)
        run.kill()
    wait_until_ended(int(noted.read_text()))


@pytest.mark.long
def test_a_worker_that_silences_its_own_watchdogs_is_killed_by_the_driver(tmp_path, monkeypatch):
    monkeypatch.setattr(driver_module, "GRACE_SECONDS", 0.5)
    deed = (
        "import faulthandler\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nsignal.setitimer(signal.ITIMER_REAL, 0)\n"
        "faulthandler.cancel_dump_traceback_later()\ntime.sleep(600)"
    )
    race, said = race_of(tmp_path / "results", write_plugin(tmp_path, "sleeps", deed), "adamw+linear", limit=8)
    Driver(race, ChildPool(1), "127.0.0.1", said.append).run()
    race.close()
    found = statuses(tmp_path / "results")
    assert found.pop("sleeps") == "timeout"
    assert set(found.values()) <= {"reached", "missed"}


@pytest.mark.long
def test_a_worker_that_stays_over_its_memory_limit_ends_itself_and_its_trial_is_out_of_memory(tmp_path):
    deed = (
        "import mmap\nkept = []\nwhile True:\n    try:\n"
        "        kept.append(mmap.mmap(-1, 20_000_000))\n        kept[-1][::4096] = b'x' * len(kept[-1][::4096])\n"
        "    except BaseException:\n        time.sleep(0.01)"
    )
    race, said = race_of(tmp_path / "results", write_plugin(tmp_path, "fills", deed), "adamw+linear", memory=200_000_000)
    Driver(race, ChildPool(1), "127.0.0.1", said.append).run()
    race.close()
    found = statuses(tmp_path / "results")
    assert found.pop("fills") == "out-of-memory"
    assert set(found.values()) <= {"reached", "missed"}


@pytest.mark.long
def test_a_worker_whose_limit_has_rung_is_replaced(tmp_path):
    noted = tmp_path / "processes"
    note = f"open({str(noted)!r}, 'a').write(f'{{os.getpid()}} {{os.getppid()}}\\n')"
    slow = write_plugin(tmp_path, "slow", f"{note}\nwhile True: pass")
    after = write_plugin(tmp_path, "after", note)
    race, said = race_of(tmp_path / "results", slow, after, limit=4)
    Driver(race, ChildPool(1), "127.0.0.1", said.append).run()
    race.close()
    assert statuses(tmp_path / "results")["slow"] == "timeout"
    processes, guards = zip(*(line.split() for line in noted.read_text().splitlines()), strict=True)
    assert len(set(processes)) == 2, "both ran in one process"
    assert len(set(guards)) == 1, "the second one did not come from the guard that has loaded what workers need"


@pytest.mark.long
def test_a_trial_whose_run_died_of_it_runs_in_a_worker_process_the_next_time(tmp_path):
    plugin = write_plugin(tmp_path, "exits", "C._exit(3)")
    line = ("run", *TRACK, "-s", plugin, "-s", "adamw+linear", "--executor", "inline", "--results", tmp_path / "results")
    assert timetrial(*line, writes_board=False).returncode == 3, "inline runs trials in the process of the command"
    done = timetrial(*line, writes_board=False)
    assert done.returncode == 1, done.stderr + done.stdout
    assert "run in a worker process" in done.stdout
    found = statuses(tmp_path / "results")
    assert found.pop("exits") == "killed" and set(found.values()) <= {"reached", "missed"}


def test_workers_that_cannot_start_stop_the_run_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(child_guard, "WORKER", "harness.execution.dispatch.no_such_module")
    race, said = race_of(tmp_path, "adamw+linear")
    with pytest.raises(RunStopped, match=r"worker processes do not start .3 times in a row.: ModuleNotFoundError"):
        Driver(race, ChildPool(1), "127.0.0.1", said.append).run()


def test_workers_that_are_killed_while_they_start_are_started_again(tmp_path, monkeypatch):
    """Who is short of memory kills what starts: the run goes on once that is over."""
    killed: list[int] = []
    start = child_guard.start

    def start_and_kill(*arguments, **keywords):
        process = start(*arguments, **keywords)
        if len(killed) < failed_starts.MOST_FAILED + 1:
            killed.append(process.pid)
            process.kill()
        return process

    monkeypatch.setattr(child_guard, "start", start_and_kill)
    monkeypatch.setattr(failed_starts, "LONGEST_PAUSE_SECONDS", 0.1)
    race, said = race_of(tmp_path, "adamw+linear")
    Driver(race, ChildPool(1), "127.0.0.1", said.append).run()
    assert len(killed) == failed_starts.MOST_FAILED + 1
    assert set(statuses(tmp_path).values()) <= {"reached", "missed"}


def test_a_run_whose_workers_are_all_killed_stops_in_the_end(tmp_path, monkeypatch):
    start = child_guard.start

    def start_and_kill(*arguments, **keywords):
        process = start(*arguments, **keywords)
        process.kill()
        return process

    monkeypatch.setattr(child_guard, "start", start_and_kill)
    monkeypatch.setattr(failed_starts, "LONGEST_PAUSE_SECONDS", 0.01)
    race, said = race_of(tmp_path, "adamw+linear")
    with pytest.raises(RunStopped, match="killed 20 times in a row while starting"):
        Driver(race, ChildPool(1), "127.0.0.1", said.append).run()


def test_workers_that_cannot_run_any_trial_stop_the_run_and_fail_none(tmp_path):
    def act(meeting):
        for _ in range(3):
            channel = joined(meeting)
            trial = race_id(channel.receive())
            channel.send("unable", id=trial, reason="DataUnavailable: no such file", lasting=True)

    race, said = race_of(tmp_path, "adamw+linear")
    with pytest.raises(RunStopped, match="workers cannot run trials: DataUnavailable: no such file"):
        Driver(race, OneLiar(act), "127.0.0.1", said.append).run()
    assert not list(ResultStore(tmp_path).records())


class TwoNodes(OneLiar):
    """A cluster whose node "a" lets every worker die in its first trial, and whose node "b" runs trials."""

    concurrency = 2

    def __init__(self):
        super().__init__(self.nodes)
        self.left_out = []

    def leave_out(self, node):
        self.left_out.append(node)

    def nodes(self, meeting):
        threading.Thread(target=self._run_b, args=(meeting,), daemon=True).start()
        while not self.left_out:
            with suppress(Lost):
                channel = on_node(meeting, "a")
                channel.receive()
                channel.close()

    def _run_b(self, meeting):
        with suppress(Lost):
            channel = on_node(meeting, "b")
            while (message := channel.receive())["type"] == "trial":
                time.sleep(0.3)
                channel.send("result", id=race_id(message), record=None, spent=0.0, replace="", artefacts=[])


def test_a_node_on_which_every_worker_dies_loses_no_trial(tmp_path):
    names = [f"adamw+{schedule}" for schedule in ("linear", "cosine", "constant", "rex", "step", "sgdr")]
    race, said = race_of(tmp_path, *names)
    pool = TwoNodes()
    Driver(race, pool, "127.0.0.1", said.append, PluginFiles()).run()
    assert statuses(tmp_path) == dict.fromkeys(names, "failed"), "b said so of each, and none was killed"
    (note,) = ResultStore(tmp_path).runs()
    assert list(note.left_out.values()) == ["3 workers in a row died there (it lied)"], "a board says so"
    assert pool.left_out == ["a"] and any("is not used: 3 workers in a row died there (it lied)" in line for line in said)

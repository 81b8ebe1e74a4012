"""Two runs in one results directory share out the trials; one that dies leaves its trials to the other."""

import json
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.execution.commands import outcome, same_board, started, timetrial
from tests.execution.races import SMALL, small_race
from tests.processes import state

RUN = (*SMALL, "--executor", "inline")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return small_race(tmp_path_factory)


def trials_run(said):
    return int(next(line for line in said.splitlines() if " trials run in " in line).split()[0])


def test_two_runs_share_out_the_trials_and_both_write_the_whole_board(undisturbed, tmp_path):
    runs = [started(*RUN, "--results", tmp_path) for _ in range(2)]
    said = [run.communicate(timeout=240)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert outcome(tmp_path) == outcome(undisturbed)
    assert sum(map(trials_run, said)) == len(outcome(undisturbed)), said
    assert same_board(tmp_path, undisturbed) and not list(tmp_path.rglob("*.tmp"))


def stop_within_a_trial(run, results):
    """Stop a run while it has claimed a trial: it keeps the claim."""
    while True:
        run.send_signal(signal.SIGSTOP)
        while state(run.pid) not in ("T", "Z", ""):
            time.sleep(0.001)
        recorded = {json.loads(path.read_text())["id"] for path in results.glob("trials/*/*/*.json")}
        claimed = {path.name for path in (results / ".claims").iterdir() if path.name != "lock" and "run-" not in path.name}
        if claimed - recorded:
            return
        run.send_signal(signal.SIGCONT)  # it was between two trials: a claim is released after its record is written
        assert run.poll() is None, "it has ended"
        time.sleep(0.01)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it finds processes through /proc")
def test_a_run_takes_over_the_trials_of_one_that_was_killed_and_waits_for_one_that_stands_still(undisturbed, tmp_path):
    first = started(*RUN, "--results", tmp_path, writes_board=False)
    while not list(tmp_path.glob("trials/*/*/*.json")) and first.poll() is None:
        time.sleep(0.01)
    stop_within_a_trial(first, tmp_path)
    second = started(*RUN, "--results", tmp_path, writes_board=False)
    lines = []
    for line in second.lines():
        lines.append(line)
        if "waiting for" in line:
            first.kill()
    first.kill()
    first.communicate()
    assert second.wait(timeout=240) == 0, lines
    assert any(f"(process {first.pid} on " in line for line in lines), lines
    assert outcome(tmp_path) == outcome(undisturbed)


def test_what_a_killed_run_has_left_is_gone_after_the_next_one(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path, dirs_exist_ok=True)
    recorded, unfinished = sorted(tmp_path.glob("trials/*/*/*.json"))[:2]
    ids = [json.loads(path.read_text())["id"] for path in (recorded, unfinished)]
    unfinished.rename(unfinished.with_name(f".{unfinished.name}.4711.0badcafe.tmp"))
    for trial in ids:  # the one was killed after it had written its record, the other one before
        (tmp_path / ".claims" / trial).write_text("run-0badcafe0bad.json")
    done = timetrial(*RUN, "--results", tmp_path, writes_board=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert [path.name for path in (tmp_path / ".claims").iterdir()] == ["lock"]
    assert unfinished.exists() and not list(tmp_path.rglob("*.tmp"))
    assert outcome(tmp_path) == outcome(undisturbed)

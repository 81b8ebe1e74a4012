"""Kill the driver several times: no record is lost, no trial runs twice, and the board is the same."""

import random
import signal
import subprocess
import time

import pytest

from tests.execution.commands import command, same_board, timetrial

RUN = ("run", "--suite", "smoke", "-s", "linear", "-s", "cosine", "-s", "rex", "--studies", 2)


TIMES = [2, pytest.param(10, marks=pytest.mark.slow)]


@pytest.mark.long
@pytest.mark.timeout(420)
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("executor", ["inline", pytest.param("ray", marks=pytest.mark.slow)])
def test_kills_of_the_driver_lose_nothing(executor, times, tmp_path):
    moments = random.Random(20261122)
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    assert timetrial(*RUN, "--executor", "inline", "--results", undisturbed).returncode == 0
    kept: dict = {}
    for _ in range(times):
        with subprocess.Popen(
            command(*RUN, "--executor", executor, "--results", killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as run:
            moment = time.monotonic() + moments.uniform(0, 10)
            while run.poll() is None and time.monotonic() < moment:
                time.sleep(0.01)
            run.send_signal(signal.SIGKILL)
        now = {path: path.read_bytes() for path in killed.glob("trials/*/*/*.json")}
        assert kept.items() <= now.items(), "a finished trial was lost or run again"
        kept = now
    done = timetrial(*RUN, "--executor", executor, "--results", killed)
    assert done.returncode == 0, done.stdout + done.stderr
    now = {path: path.read_bytes() for path in killed.glob("trials/*/*/*.json")}
    assert kept.items() <= now.items()
    assert same_board(undisturbed, killed)
    assert not list(killed.rglob("*.damaged"))

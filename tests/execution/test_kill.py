"""Kill the driver several times: no record is lost, no trial runs twice, and the board is the same."""

import random
import signal
import time

import pytest

from tests.execution.commands import same_board, started, timetrial

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
    whole = len(list(undisturbed.glob("trials/*/*/*.json")))
    kept: dict = {}
    for number in range(times):
        finished = moments.randrange(whole * number // times + 1, whole * (number + 1) // times - 1)
        with started(*RUN, "--executor", executor, "--results", killed) as run:
            while run.poll() is None and len(list(killed.glob("trials/*/*/*.json"))) < finished:
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 0.1))
            run.send_signal(signal.SIGKILL)
        assert run.returncode == -signal.SIGKILL, "the kill met no run at work"
        now = {path: path.read_bytes() for path in killed.glob("trials/*/*/*.json")}
        assert finished <= len(now) < whole
        assert kept.items() <= now.items(), "a finished trial was lost or run again"
        kept = now
    done = timetrial(*RUN, "--executor", executor, "--results", killed)
    assert done.returncode == 0, done.stdout + done.stderr
    now = {path: path.read_bytes() for path in killed.glob("trials/*/*/*.json")}
    assert kept.items() <= now.items()
    assert same_board(undisturbed, killed)
    assert not list(killed.rglob("*.damaged"))

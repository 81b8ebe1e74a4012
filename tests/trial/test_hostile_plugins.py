"""Whatever a plug-in raises, returns or patches, its trial has a record and the run goes on."""

import os
import sys
import threading
import time

import pytest
import torch

from harness.cli.app import run_app
from harness.results import ResultStore
from harness.trial.process.time_limit import time_limit
from tests.execution.commands import timetrial
from tests.hostile import race
from tests.toy import Plain


def test_a_plug_in_that_breaks_a_clock_does_not_break_its_trial(monkeypatch):
    class Breaks(Plain):
        """Replaces a clock of the standard library."""

        def update(self, batch):
            super().update(batch)
            monkeypatch.setattr(time, "perf_counter", lambda: None)

    assert race(Breaks, target=0.0).status == "missed"


def test_patched_clocks_do_not_change_the_recorded_seconds(monkeypatch):
    for name in ("thread_time", "process_time", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: 0.0)
    clocks = race(Plain, target=0.0).clocks
    assert clocks["seconds"] > 0 and clocks["process_seconds"] > 0


def test_cpu_seconds_of_a_child_process_count_as_those_of_the_process():
    class Forks(Plain):
        """Computes in a child process."""

        def update(self, batch):
            super().update(batch)
            if self.task.examples <= 16:
                if (child := os.fork()) == 0:
                    while time.process_time() < 0.6:
                        pass
                    os._exit(0)
                os.waitpid(child, 0)

    clocks = race(Forks, target=0.0).clocks
    assert clocks["seconds"] == clocks["process_seconds"] > 0.5


def test_cpu_seconds_of_another_thread_are_charged():
    class Threads(Plain):
        """Computes in a thread."""

        def update(self, batch):
            super().update(batch)
            if self.task.examples <= 16:
                thread = threading.Thread(target=self._compute)
                thread.start()
                thread.join()

        def _compute(self):
            began = time.thread_time()
            while time.thread_time() < began + 0.6:
                pass

    assert race(Threads, target=0.0).clocks["seconds"] > 0.6
    clocks = race(Plain, target=0.0).clocks
    assert clocks["seconds"] < clocks["process_seconds"] < 1.1 * clocks["seconds"] + 0.3


def test_refresh_batchnorm_is_read_once_and_before_the_clock_runs():
    reads = []

    class Records(Plain):
        """Records when the attribute is read."""

        @property
        def refresh_batchnorm(self):
            reads.append(self.task.examples)
            return True

    assert race(Records, target=0.0).status == "missed"
    assert reads == [0]


def test_refresh_batchnorm_must_be_true_or_false():
    class Vague(Plain):
        """Sets it to a word."""

        refresh_batchnorm = "maybe"

    assert "refresh_batchnorm must be True or False, not str" in race(Vague).reason


class Mute(Exception):
    """Raises when it is converted to text."""

    def __str__(self):
        raise SystemExit("no words")


def raising(error):
    def update(self, batch):
        raise error

    return type("Raises", (Plain,), {"update": update})


def reporting(rate):
    return type("Reporting", (Plain,), {"learning_rate": lambda self: rate})


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (reporting(torch.ones(2)), "ContractError: learning_rate() returned Tensor: a number, or None, is expected"),
        (reporting("fast"), "ContractError: learning_rate() returned str: a number, or None, is expected"),
        (reporting(10**400), "ContractError: learning_rate() returned a number too large for a float"),
        (raising(SystemExit(0)), "SystemExit: 0 (test_hostile_plugins.py:"),
        (raising(BaseException("hello")), "BaseException: hello (test_hostile_plugins.py:"),
        (raising(Mute()), "Mute: its message cannot be read (test_hostile_plugins.py:"),
    ],
)
def test_whatever_a_plug_in_returns_or_raises_its_record_can_be_written(plugin, reason, tmp_path):
    record = race(plugin)
    assert (record.status, record.reason[: len(reason)]) == ("failed", reason)
    store = ResultStore(tmp_path)
    store.write(record)
    assert store.read(record.spec).reason == record.reason


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_learning_rate_that_is_not_finite_is_recorded_as_none(rate, tmp_path):
    record = race(reporting(rate), target=0.0)
    assert record.status == "missed"
    store = ResultStore(tmp_path)
    store.write(record)
    assert {point[2] for point in store.read(record.spec).learning_rates} == {None}


PRINTS = """
from harness import TrainingAlgorithm

class Prints(TrainingAlgorithm):
    'Has a function for a hyperparameter.'
    defaults = {"learning_rate": 0.1, "say": print}
    def update(self, batch):
        pass
"""

INFINITE = """
from harness import Choice, optimizer

@optimizer(defaults={"learning_rate": 0.1, "clip": 1.0}, space={"clip": Choice(1.0, float("inf"))})
def infinite(model, hyperparameters):
    'Has an infinite choice.'
"""

NESTED = """
from harness import optimizer

own = []
own.append(own)

@optimizer(defaults={"learning_rate": 0.1, "betas": own})
def nested(model, hyperparameters):
    'Has a list of itself.'
"""

LARGE = """
from harness import optimizer

@optimizer(defaults={"learning_rate": 0.1, "steps": 10**5000})
def large(model, hyperparameters):
    'Has a number of 5,001 digits.'
"""

SETS = """
from harness import Choice, optimizer

@optimizer(defaults={"learning_rate": 0.1, "kind": "a"}, space={"kind": Choice("a", {1, 2})})
def sets(model, hyperparameters):
    'Has a set for a choice.'
"""


@pytest.mark.parametrize(
    ("source", "name"), [(PRINTS, "say"), (SETS, "kind"), (INFINITE, "clip"), (NESTED, "betas"), (LARGE, "steps")]
)
def test_a_hyperparameter_that_no_record_can_hold_is_bad_input(source, name, tmp_path, capfd):
    (tmp_path / "plugin.py").write_text(source)
    line = ["run", "--suite", "smoke", "--executor", "inline", "-s", f"{tmp_path}/plugin.py", "--results", f"{tmp_path}/r"]
    assert run_app(line) == 2
    lines = "".join(capfd.readouterr()).strip().splitlines()
    assert len(lines) == 1
    assert f"hyperparameter '{name}' cannot be " in lines[0]


LEAVES = """
import sys
from harness import TrainingAlgorithm

class Leaves(TrainingAlgorithm):
    'Ends the process.'
    defaults = {"learning_rate": 0.1}
    def update(self, batch):
        sys.exit(0)
"""


def test_a_plug_in_that_ends_the_process_does_not_end_the_run(tmp_path):
    (tmp_path / "plugin.py").write_text(LEAVES)
    run = ("run", "--suite", "smoke", "--executor", "inline", "--track", "self-tuning", "--studies", 1)
    done = timetrial(*run, "-s", tmp_path / "plugin.py", "-s", "sgd+linear", "--results", tmp_path / "r")
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(list((tmp_path / "r" / "trials").rglob("*.json"))) == 2
    assert (tmp_path / "r" / "leaderboard.html").exists()


def test_a_timeout_that_a_plug_in_catches_is_raised_again():
    steps = []

    class Swallows(Plain):
        """Catches every exception."""

        def update(self, batch):
            steps.append(self.task.examples)
            try:
                time.sleep(0.1)
                super().update(batch)
            except BaseException:  # noqa: BLE001
                super().update(batch)

    with time_limit(0.35, end_process=False):
        record = race(Swallows)
    assert (record.status, record.reason) == ("timeout", "over the time limit of 0.35 s")
    assert len(steps) <= 4
    assert race(Plain, target=0.0).status == "missed"


def test_a_clock_that_is_turned_back_alone_charges_the_seconds_of_the_process():
    class TurnsBack(Plain):
        """Finds the stopwatch of its trial in the frames below."""

        def update(self, batch):
            super().update(batch)
            frame = sys._getframe()
            while frame:
                if "clocks" in frame.f_locals:
                    frame.f_locals["clocks"].training.seconds = -100.0
                frame = frame.f_back

    clocks = race(TurnsBack, target=0.0).clocks
    assert clocks["seconds"] == clocks["process_seconds"] > 0

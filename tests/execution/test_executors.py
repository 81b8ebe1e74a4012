"""Both executors write the same records, survive failures, and resume; a cluster is joined by its address."""

import signal
import socket
import time
from pathlib import Path

import pytest

from harness.results import ResultStore
from tests.execution.commands import board, outcome, same_board, started, timetrial
from tests.execution.races import SMALL, small_race


@pytest.fixture(scope="module")
def inline(tmp_path_factory):
    return small_race(tmp_path_factory)


@pytest.mark.long
def test_ray_and_inline_write_the_same_records(inline, tmp_path):
    done = timetrial(*SMALL, "--executor", "ray", "--workers", 2, "--results", tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert outcome(tmp_path) == outcome(inline)
    assert same_board(tmp_path, inline)


def test_an_address_at_which_nothing_answers_is_bad_input(tmp_path):
    done = timetrial(*SMALL, "--address", "127.0.0.1:1", "--results", tmp_path)
    assert done.returncode == 2
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def options(executor, request):
    """Return the options that run trials by `executor`: over Ray, by one worker on the cluster of the tests."""
    if executor == "ray":
        return "--address", request.getfixturevalue("cluster"), "--workers", 1
    return "--executor", executor


@pytest.mark.parametrize("executor", ["inline", pytest.param("ray", marks=pytest.mark.slow)])
def test_a_failing_plug_in_is_reported_and_the_others_get_their_board(tmp_path, executor, request):
    plugin = tmp_path / "explodes.py"
    plugin.write_text(
        "from harness import schedule\n@schedule(anytime=True, listens='training_loss')\nclass explodes:\n    '''Fails.'''\n"
        "    def observe(self, feedback):\n        self.seen = getattr(self, 'seen', 0) + 1\n"
        "    def multiplier(self, step):\n        return 0.1 / max(3 - getattr(self, 'seen', 0), 0)\n"
    )
    results = tmp_path / "results"
    done = timetrial(*SMALL[:5], "-s", plugin, "--studies", 1, *options(executor, request), "--results", results)
    assert done.returncode == 1, done.stderr + done.stdout
    assert "explodes.py" in done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    rows = {row["name"]: row for row in board(results)["submissions"]}
    statuses = board(results)["trials"]
    assert rows["linear"]["workloads"]["digits_mlp"]["studies"] == 1
    assert statuses["failed"] == 4
    assert statuses.get("reached", 0) + statuses.get("missed", 0) == 4
    assert_tracebacks(results, plugin)


def assert_tracebacks(results, plugin):
    """Check that every failed trial has a reason of one line and its whole traceback in a file, and that no other trial has."""
    records = list(ResultStore(results).records())
    failed = [record for record in records if record.status == "failed"]
    assert len(failed) == 4 and all(record.artefacts == ("traceback.txt",) for record in failed)
    assert not any(record.artefacts for record in records if record.status != "failed")
    for record in failed:
        assert "\n" not in record.reason
        path = ResultStore(results).artefact_path(record.spec, "traceback.txt")
        text = path.read_text(encoding="utf-8")
        assert text.startswith("Traceback (most recent call last):")
        assert f'File "{plugin}", line 8, in multiplier' in text and "return 0.1 / max(3 - getattr(self, 'seen', 0), 0)" in text
        assert text.endswith("ZeroDivisionError: float division by zero\n")
    kept = [path for path in (results / "artefacts").rglob("*") if path.is_file()]
    assert len(kept) == 4
    assert {path.suffix for path in (results / "trials").rglob("*") if path.is_file()} == {".json"}


@pytest.mark.slow
def test_a_plug_in_that_holds_the_interpreter_is_ended_by_the_time_limit_and_the_run_goes_on(cluster, tmp_path):
    plugin = tmp_path / "stuck.py"
    plugin.write_text(
        "from harness import TrainingAlgorithm\n"
        "class Stuck(TrainingAlgorithm):\n    '''Sleeps in C while it holds the interpreter.'''\n"
        "    def update(self, batch):\n"
        "        import ctypes\n"
        "        ctypes.PyDLL(None).sleep(600)\n"
    )
    results = tmp_path / "results"
    args = ("-s", f"{plugin}", "--trials", 1, "--studies", 1, "--time-limit", 3, "--address", cluster, "--results", results)
    done = timetrial("run", "--suite", "smoke", *args)
    assert done.returncode == 1, done.stderr + done.stdout
    assert {r["status"] for r in outcome(results).values()} == {"timeout"}


def test_a_full_disk_or_an_unwritable_directory_is_one_plain_line(tmp_path):
    target = tmp_path / "file"
    target.write_text("")
    done = timetrial(*SMALL, "--executor", "inline", "--results", target)
    assert done.returncode == 2
    assert "name a directory" in done.stderr
    full = Path("/dev/full")
    if full.exists():
        place = tmp_path / "results"
        (place / "trials" / "digits_mlp").mkdir(parents=True)
        (place / "trials" / "digits_mlp" / "linear").write_text("a file where a folder should be")
        done = timetrial(*SMALL, "--executor", "inline", "--results", place)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_interrupted_run_keeps_what_is_done_and_says_how_to_resume(inline, cluster, tmp_path):
    """On a running cluster, which is joined by its address and goes on: the same command resumes the run there."""
    with started(*SMALL, "--address", cluster, "--workers", 1, "--results", tmp_path) as run:
        deadline = time.monotonic() + 300
        while not list(tmp_path.glob("trials/*/*/*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=60)[0]
    assert run.returncode == 130, said
    assert "run the same command again to resume" in said
    assert "Traceback" not in said
    kept = {p: p.read_bytes() for p in tmp_path.glob("trials/*/*/*.json")}
    assert kept
    assert len(kept) < len(outcome(inline))
    done = timetrial(*SMALL, "--address", cluster, "--results", tmp_path, writes_board=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert all(p.read_bytes() == content for p, content in kept.items())
    assert outcome(tmp_path) == outcome(inline)
    host, port = cluster.split(":")
    socket.create_connection((host, int(port)), timeout=5).close()

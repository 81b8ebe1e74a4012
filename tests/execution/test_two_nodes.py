"""Two nodes and more, of which one does not see the driver's files: the records are those of a run in one process."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.execution.clusters import can_hide_folders, head_node, kill_node, node
from tests.execution.commands import command, outcome, timetrial
from tests.execution.dying import write_plugin
from tests.execution.plugins import write_plugins

NOTES = """
import os

if "NOTED_BY_NODE" in os.environ:
    with open(os.environ["NOTED_BY_NODE"], "a") as file:
        file.write("loaded\\n")
"""
"""A plug-in's module tells on which nodes it was loaded."""


def run_line(*options: object) -> tuple[object, ...]:
    submissions = ("-s", "bent:bend=3", "-s", "./mine.py", "-s", "linear")
    workloads = ("-w", "little", "-w", "digits_mlp")
    return ("run", "--suite", "smoke", *submissions, *workloads, "--studies", 3, *options)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not can_hide_folders(), reason="it needs the right to mount")
def test_nodes_that_do_not_see_the_drivers_files_and_die_and_join_change_nothing(tmp_path):
    mine, results = tmp_path / "mine", tmp_path / "results"
    write_plugins(mine)
    scale = mine / "submissions" / "schedules" / "scale.py"
    scale.write_text(scale.read_text() + NOTES)
    alone = timetrial(*run_line("--executor", "inline", "--results", tmp_path / "inline"), cwd=mine, timeout=600)
    assert alone.returncode == 0, alone.stdout + alone.stderr
    notes = {name: tmp_path / name for name in ("second", "third")}
    with head_node(cpus=1) as address:
        join = (f"--address={address}", "--num-cpus=1")
        with node(tmp_path / "second.log", *join, hidden=mine, NOTED_BY_NODE=str(notes["second"])) as second:
            line = command(*run_line("--address", address, "--results", results))
            run = subprocess.Popen(line, cwd=mine, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            wait_for(notes["second"], run)
            kill_node(second)
        with node(tmp_path / "third.log", *join, hidden=mine, NOTED_BY_NODE=str(notes["third"])):
            said = run.communicate(timeout=600)[0]
    assert run.returncode == 0, said
    assert "2 trials at a time on 2 CPU cores of 2 nodes" in said.splitlines()[0], said
    assert "Traceback" not in said and "killed" not in said, said
    assert outcome(results) == outcome(tmp_path / "inline")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_with_other_versions_and_one_without_timetrial_are_not_used(tmp_path):
    """Both have the driver's files; one has another torch by its metadata, the other cannot import timetrial."""
    other, without = tmp_path / "other", tmp_path / "without"
    (other / "torch-1.0.dist-info").mkdir(parents=True)
    (other / "torch-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 1.0\n")
    without.mkdir()
    (without / "sitecustomize.py").write_text(
        "import sys\nfrom importlib.abc import MetaPathFinder\n"
        "class No(MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'harness': raise ModuleNotFoundError(\"No module named 'harness'\", name=name)\n"
        "sys.meta_path.insert(0, No())\n"
    )
    path = os.environ.get("PYTHONPATH", "")
    line = ("run", "--suite", "smoke", "-s", "linear", "-s", "constant", "--studies", 2)
    with head_node(cpus=1) as address:
        join = (f"--address={address}", "--num-cpus=1")
        with (
            node(tmp_path / "other.log", *join, PYTHONPATH=f"{other}:{path}"),
            node(tmp_path / "without.log", *join, PYTHONPATH=f"{without}:{path}"),
        ):
            done = timetrial(*line, "--address", address, "--results", tmp_path / "results")
    assert done.returncode == 0, done.stdout + done.stderr
    reasons = [text for text in done.stdout.splitlines() if text.startswith("node ")]
    assert len(reasons) == 2 and any("it has torch 1.0, the plan" in text for text in reasons), done.stdout
    assert any("No module named 'harness'" in text for text in reasons), done.stdout
    alone = timetrial(*line, "--executor", "inline", "--results", tmp_path / "inline")
    assert alone.returncode == 0 and outcome(tmp_path / "results") == outcome(tmp_path / "inline")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_of_which_only_the_head_is_left_is_waited_for_with_a_line(tmp_path):
    """The head offers no core; its one node is killed while a trial runs, and another one joins once the run has said so."""
    begun, said, results = tmp_path / "begun", tmp_path / "said", tmp_path / "results"
    slow = write_plugin(tmp_path, "slow", f"open({str(begun)!r}, 'w').close()\ntime.sleep(3)")
    line = ("run", "--suite", "smoke", "--track", "external", "-s", slow, "--studies", 1, "--trials", 1)
    with head_node(cpus=0) as address, said.open("w") as output:
        join = (f"--address={address}", "--num-cpus=1")
        with node(tmp_path / "first.log", *join) as first:
            typed = command(*line, "--address", address, "--results", results)
            run = subprocess.Popen(typed, stdout=output, stderr=subprocess.STDOUT, text=True)
            wait_for(begun, run)
            kill_node(first)
        deadline = time.monotonic() + 200
        while "waiting for nodes to join" not in said.read_text():
            assert run.poll() is None and time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        with node(tmp_path / "second.log", *join):
            run.wait(timeout=300)
    lines = said.read_text().splitlines()
    assert run.returncode == 0 and len(outcome(results)) == 1, lines
    (waits,) = (text for text in lines if "waiting for nodes to join" in text)
    assert waits.startswith("no node that could run trials is left (gone: ") and waits.endswith("the same command resumes it")
    assert "a node has joined: the run goes on" in lines, lines


def wait_for(path: Path, run: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 400
    while not path.exists():
        assert run.poll() is None and time.monotonic() < deadline, run.communicate()[0] if run.poll() is not None else "late"
        time.sleep(0.05)

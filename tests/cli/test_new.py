"""`timetrial new`: what it writes runs at once, passes its own test, and the commands that it prints work."""

from __future__ import annotations

import os
import shlex
import sys

import pytest

from harness.cli.app import VERBS, run_app
from tests.execution.forks import FORKS

KINDS = {"schedule": "submissions", "optimizer": "submissions", "procedure": "submissions", "workload": "workloads"}


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Return a directory with one plug-in of each kind, each called ``my_KIND``."""
    place = tmp_path_factory.mktemp("new")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for kind in KINDS:
            assert run_app(["new", f"my_{kind}", "--kind", kind]) == 0
    return place


def run_tests(place, report):
    """Run the tests that were written, as `pytest` does there."""
    os.chdir(place)
    os.dup2(os.open(report, os.O_WRONLY | os.O_CREAT), 1)
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "tests"]))


@pytest.mark.long
def test_all_files_pass_their_tests(here, tmp_path):
    assert sorted(path.relative_to(here).as_posix() for path in here.rglob("*.py")) == sorted(
        file for kind, folder in KINDS.items() for file in (f"{folder}/my_{kind}.py", f"tests/test_my_{kind}.py")
    )
    report = tmp_path / "report"
    process = FORKS.Process(target=run_tests, args=(str(here), str(report)))
    process.start()
    process.join(240)
    assert process.exitcode == 0, report.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints_three_commands_that_work(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_app(["new", "my_own", "--kind", kind]) == 0
    first, second, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{KINDS[kind]}/my_own.py: ") and second.startswith("tests/test_my_own.py: ")
    lines = [shlex.split(line) for line in rest[1:]]
    assert len(lines) == 3
    for program, *words in lines:
        if program == "pytest":
            assert (tmp_path / words[0]).is_file()
        elif words[0] == "run":
            assert run_app([*words, "--dry-run"]) == 0
        elif words[0] == "curve":
            assert run_app(words) == 0 and (tmp_path / words[-1]).is_file()
        else:
            assert program == "timetrial" and words[0] in VERBS and "my_own" in words


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("mine", "schedule", "tests/test_mine.py exists, and is not overwritten"),
        ("cosine", "schedule", "the name 'cosine' is taken by submissions/schedules/cosine.py"),
        ("mean-field", "schedule", "'mean-field' cannot be a name: write mean_field "),
        ("torch", "optimizer", "'torch' is the name of a Python module"),
        ("hurt", "procedure", "submissions/hurt.py exists, and is not overwritten"),
        ("lambda", "workload", "'lambda' is a word of Python's grammar"),
    ],
)
def test_it_overwrites_nothing_and_takes_no_name_that_is_in_use(name, kind, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for file in ("tests/test_mine.py", "submissions/hurt.py"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("1 /")
    assert run_app(["new", name, "--kind", kind]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"timetrial: {says}") and told.count("\n") == 1
    assert sorted(path.name for path in tmp_path.rglob("*.py")) == ["hurt.py", "test_mine.py"]
    assert all(path.read_text() == "1 /" for path in tmp_path.rglob("*.py"))


def test_a_workload_of_the_directory_is_said_to_join_a_race_in_which_nobody_named_it(here, monkeypatch, capsys):
    monkeypatch.chdir(here)
    line = ["run", "--suite", "smoke", "-s", "rex", "--studies", "1", "--dry-run"]
    assert run_app(line) == 0
    said = "my_workload of this directory takes part in every race of the smoke suite here: -w names others"
    assert said in capsys.readouterr().err
    assert run_app([*line, "-w", "my_workload"]) == 0
    assert said not in capsys.readouterr().err

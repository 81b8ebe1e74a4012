"""Plug-ins that cannot be used, in ./submissions and ./workloads: they are named, and take nothing else down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.app import run_app
from tests.execution.commands import command

HEAD = "from harness import Choice, LogUniform, TrainingAlgorithm, Uniform, optimizer, schedule\n"
SPACE = HEAD + "@schedule(space={space})\ndef it(step, horizon, gamma=1.0):\n    'It.'\n    return 1.0\n"
CLASS = HEAD + "class It(TrainingAlgorithm):\n    'It.'\n    {fact}\n    def update(self, batch):\n        pass\n"

BROKEN = {
    "space_pair": (SPACE.format(space="{'gamma': (0.1, 3)}"), "write Uniform(0.1, 3), LogUniform(0.1, 3) or Choice(0.1, 3)"),
    "space_list": (SPACE.format(space="['gamma']"), "space must be a mapping"),
    "defaults": (
        HEAD + "@optimizer(defaults=['learning_rate'])\ndef it(model, hyperparameters):\n    ...\n",
        "must be a mapping",
    ),
    "name_number": (HEAD + "@schedule(name=5)\ndef it(step, horizon):\n    return 1.0\n", "cannot be called 5"),
    "name_newline": (HEAD + "@schedule(name='a\\nb')\ndef it(step, horizon):\n    return 1.0\n", "cannot be called 'a\\nb'"),
    "paper_number": (
        HEAD + "@schedule(paper=2107)\ndef it(step, horizon):\n    return 1.0\n",
        "the paper of 'it' must be a string",
    ),
    "summary_list": (CLASS.format(fact="summary = ['a']"), "the summary of 'it' must be a string, not a list"),
    "fact_raises": (
        HEAD
        + "class Odd(type):\n    @property\n    def cost(self):\n        raise RuntimeError('no cost today')\n"
        + "class It(TrainingAlgorithm, metaclass=Odd):\n    'It.'\n    def update(self, batch):\n        pass\n",
        "no cost today",
    ),
    "error": ("raise RuntimeError('one\\ntwo')", "line 1: RuntimeError: one two"),
    "long_error": ("raise RuntimeError('x' * 10**7)", "RuntimeError: xxx"),
    "odd_error": (
        "class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E",
        "line 4: E: its message cannot be read",
    ),
    "exit": ("import sys\nsys.exit(0)", "line 2: SystemExit: 0"),
    "interrupt": ("x = 1\nraise KeyboardInterrupt", "line 2: KeyboardInterrupt"),
    "generator": ("raise GeneratorExit", "GeneratorExit"),
    "base": ("class Odd(BaseException): ...\nraise Odd", "line 2: Odd"),
    "recursion": ("def f():\n    f()\nf()", "RecursionError"),
    "syntax": ("def x(:\n", "line 1:"),
    "missing": ("import no_such_module_at_all", "needs the module 'no_such_module_at_all'"),
    "nameless": ("raise ModuleNotFoundError('gone')", "ModuleNotFoundError: gone"),
    "nul": (b"x = 1\0", "nul.py"),
    "utf16": (b"\xff\xfex\0", "utf16.py"),
    "latin1": (b"x = '\xe9'", "latin1.py"),
    "twin": (HEAD + "@schedule\ndef linear(step, horizon):\n    return 1.0\n", "the name 'linear' is used by"),
}
GOOD = HEAD + "print('hello from an import')\n@schedule\ndef {}(step, horizon):\n    'Fine.'\n    return 1.0\n"


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "submissions"
    folder.mkdir()
    for name, (source, _) in BROKEN.items():
        (folder / f"{name}.py").write_bytes(source if isinstance(source, bytes) else source.encode())
    (folder / "with_bom.py").write_bytes(b"\xef\xbb\xbf" + GOOD.format("with_bom").encode())
    (folder / "crlf.py").write_bytes(GOOD.format("crlf").replace("\n", "\r\n").encode())
    for silent in ("empty.py", "._macos.py", ".#lock.py", "_private.py"):
        (folder / silent).write_text("" if silent == "empty.py" else "not python")
    (folder / "folder.py").mkdir()
    (folder / "dangling.py").symlink_to(tmp_path / "nowhere")
    (folder / "loop.py").symlink_to(folder / "loop.py")
    (folder / "endless.py").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.py")
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads" / "unfinished.py").write_text("raise RuntimeError('not yet')")
    monkeypatch.chdir(tmp_path)
    return tmp_path


NO_FILES = {"folder", "dangling", "loop", "endless", "pipe"}
ALL = {*BROKEN, *NO_FILES} - {"twin"} | {"linear"}
"""Names under which something broken is listed."""


def test_each_broken_plug_in_is_listed_last_with_its_line(here, capsys):
    assert run_app(["list", "submissions"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines}
    broken = [line for line in lines if "  broken: " in line]
    assert {line.split()[0] for line in broken} == ALL and lines[-len(broken) :] == broken
    for name, (_, says) in BROKEN.items():
        assert says in rows["linear" if name == "twin" else name] and "submissions/" + name in rows.get(name, rows["linear"])
    assert all(len(line) < 700 and line.isprintable() for line in broken)
    assert {"with_bom", "crlf", "rex", "adamw"} <= set(rows) and "broken" not in rows["with_bom"]


def test_the_json_says_what_is_broken_and_stays_json_whatever_an_import_prints(here, capsys):
    assert run_app(["list", "submissions", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert {name for name, row in rows.items() if row.get("broken")} == ALL
    assert rows["crlf"]["summary"] == "Fine."
    assert run_app(["list", "workloads", "--json"]) == 0
    workloads = {row["name"]: row.get("broken", "") for row in json.loads(capsys.readouterr().out)}
    assert "not yet" in workloads["unfinished"] and workloads["digits_mlp"] == ""


def test_the_doctor_counts_them(here, capsys):
    assert run_app(["doctor"]) == 1
    told = capsys.readouterr().out
    assert f"{len(ALL) + 1} broken" in told and "unfinished cannot be used: " in told
    assert told.count(" cannot be used: ") == len(ALL) + 1


def test_other_submissions_run_and_all_says_what_it_leaves_out(here, capsys):
    run = ("run", "--suite", "smoke", "--studies", "1", "--trials", "1", "--executor", "inline", "--results", "r", "--dry-run")
    assert run_app([*run, "-s", "crlf", "-s", "rex"]) == 0
    assert "4 trials to run" in capsys.readouterr().out
    assert run_app([*run, "--all"]) == 0
    told = capsys.readouterr()
    assert " crlf " in told.out and " linear " not in told.out
    assert told.err.count("left out, broken: ") == len(ALL)


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - {"twin"}))
def test_a_broken_plug_in_that_is_asked_for_is_one_line(here, name, capsys):
    for typed in (name, f"submissions/{name}.py"):
        assert run_app(["curve", typed]) == 2
        told = capsys.readouterr().err.removeprefix("hello from an import\n" * 2)
        assert BROKEN[name][1] in told and told.count("\n") == 1


def test_an_interrupt_from_outside_during_an_import_ends_the_command_and_names_the_file(tmp_path):
    (tmp_path / "submissions").mkdir()
    slow = "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(60)\n"
    (tmp_path / "submissions" / "slow.py").write_text(slow)
    process = subprocess.Popen(command("list", "submissions"), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "started").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted while submissions/slow.py was imported" in told
    assert "Traceback" not in told


def test_an_import_that_never_ends_is_one_line(tmp_path):
    """In a process of its own: here, the time limit of the tests has set the alarm."""
    unending = tmp_path / "unending.py"
    unending.write_text("while True:\n    try:\n        sum(range(1000))\n    except Exception:\n        pass\n")
    code = (
        "import harness.registry.import_errors as e; e.IMPORT_SECONDS = 3.0; import sys; from harness.cli.app import run_app; "
    )
    run = [sys.executable, "-c", code + "sys.exit(run_app(sys.argv[1:]))", "curve", str(unending)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 2
    assert "unending.py, line" in done.stderr and "had not ended after 3 s" in done.stderr and done.stderr.count("\n") == 1

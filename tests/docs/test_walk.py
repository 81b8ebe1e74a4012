"""README's and docs/submit.md's commands, as a newcomer types them from top to bottom, in an empty directory."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from harness.cli.app import run_app
from harness.cli.running.live_board import LiveBoard
from tests.execution.commands import command
from tests.notebook.test_examples import ENVIRONMENT, run_forked

ROOT = Path(__file__).resolve().parents[2]
QUICK = {
    "timetrial run -s my_schedule --reference": ["--dry-run"],
    "timetrial run --suite smoke -s my_schedule -s cosine": ["--executor", "inline", "--studies", "2", "--log-losses"],
}
"""{command: what is added to it, so that it takes seconds}."""

ELSEWHERE = ("timetrial check ", "timetrial export tensorboard ")
"""Their tests are in tests/cli."""


def blocks(page: str, language: str = "") -> list[str]:
    """Return the content of the code blocks of a page in a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [content for of, content in found if of == language]


def commands(page: str) -> list[str]:
    """Return the commands of timetrial in a page, in their order."""
    lines = (line.strip().removeprefix(".venv/bin/") for block in blocks(page) for line in block.splitlines())
    return [line for line in lines if line.startswith("timetrial ")]


def schedule_of(page: str) -> str:
    """Return the source of the schedule that a page shows."""
    return next(block for block in blocks(page, "python") if "def my_schedule" in block)


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_submit_md_work_in_their_order(empty, capsys, monkeypatch):
    monkeypatch.setattr(LiveBoard, "write", lambda *_, **__: None)  # seconds, and nothing here reads it
    done = []
    for line in commands("docs/submit.md"):
        if line.startswith(ELSEWHERE) or "--executor inline" in line:
            continue
        if line.startswith("timetrial compare"):  # after an edit, as the page says
            (empty / "submissions" / "my_schedule.py").write_text(schedule_of("docs/submit.md"))
            again = "timetrial run --suite smoke -s my_schedule -s cosine"
            assert run_app([*shlex.split(again)[1:], *QUICK[again]]) == 0
        assert run_app([*shlex.split(line)[1:], *QUICK.get(line, [])]) == 0, line
        done.append(line.split()[1])
    assert done == ["new", "curve", "run", "run", "compare", "export"]
    assert (empty / "my_schedule.svg").exists() and (empty / "results" / "csv" / "logs.csv").exists()
    assert "my_schedule@" in capsys.readouterr().out


def test_the_race_of_submit_md_is_one(empty, capsys):
    (empty / "submissions").mkdir()
    (empty / "submissions" / "my_schedule.py").write_text(schedule_of("docs/submit.md"))
    (block,) = blocks("docs/submit.md", "toml")
    (empty / "race.toml").write_text(block)
    assert set(tomllib.loads(block)) == {"suite", "track", "submission", "studies", "results"}
    assert run_app(["run", "race.toml", "--dry-run"]) == 0
    assert "polynomial:power=3" in capsys.readouterr().out


def test_the_schedule_of_the_readme_is_drawn_and_planned(empty):
    (empty / "submissions").mkdir()
    (empty / "submissions" / "my_schedule.py").write_text(schedule_of("README.md"))
    (command,) = [line for line in commands("README.md") if line.endswith("--reference")]
    assert run_app([*shlex.split(command)[1:], "--dry-run"]) == 0


@pytest.mark.long
def test_the_notebook_lines_of_the_readme_race_and_show_a_board(empty):
    (lines,) = [block for block in blocks("README.md", "python") if "tt.race" in block]
    (empty / "cell.py").write_text(f"{lines}\nassert len(board.frame) == 2 and '<td>squared</td>' in board._repr_html_()\n")
    run_forked("cell.py", cwd=empty)


@pytest.fixture
def clone(tmp_path):
    """A clone of this repository's last commit, in which `typed` types a command."""
    place = tmp_path / "timetrial"
    subprocess.run(["git", "clone", "-q", "--depth", "1", ROOT.as_uri(), place], check=True)
    return place


def typed(line: str, clone: Path) -> subprocess.CompletedProcess[str]:
    """Type a line of a page in a clone, in this environment, and expect that it works."""
    words = shlex.split(line)
    if words[0] == "make":
        words += ["READY=", f"BIN={Path(sys.executable).parent}"]
    elif words[0] == "timetrial":
        words = command(*words[1:])
    env = {**ENVIRONMENT, "PYTHONPATH": str(clone)}
    done = subprocess.run(words, cwd=clone, env=env, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done


@pytest.mark.slow
def test_the_readme_is_walked_in_a_clone_to_a_row_beside_the_reference_result(clone):
    """Two minutes on two idle cores."""
    (clone / "submissions" / "my_schedule.py").write_text(schedule_of("README.md"))
    for line in commands("README.md"):
        if "my_schedule" in line:
            typed(line, clone)
    assert "my_schedule" in (clone / "results" / "leaderboard.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_submit_md_is_walked_in_a_clone_to_a_pull_request(clone):
    """Each command of the page as it stands there, in its order; five minutes on two idle cores."""
    schedule, made = clone / "submissions" / "my_schedule.py", clone / "tests" / "test_my_schedule.py"
    walked = [line for block in blocks("docs/submit.md") for line in block.splitlines() if line]
    assert walked[0] == "timetrial new my_schedule" and walked[-1] == "make submission NAME=my_schedule"
    for line in walked:
        if line.startswith("timetrial compare"):  # after an edit, as the page says
            schedule.write_text(schedule_of("docs/submit.md"))
            typed("timetrial run -s my_schedule --reference", clone)
        if line.startswith("make submission"):  # which the page asks for in the sentence above it
            schedule.rename(clone / "submissions" / "schedules" / schedule.name)
            moved = made.read_text().replace('parents[1] / "submissions"', 'parents[2] / "submissions" / "schedules"')
            (clone / "tests" / "submissions" / made.name).write_text(moved)
            made.unlink()
            typed(f"{sys.executable} -m pytest tests/submissions/{made.name}", clone)
        typed(line, clone)
    done = typed("timetrial compare my_schedule rex --reference", clone)
    assert done.stdout.startswith("A is my_schedule, B is rex; ")
    assert "my_schedule" in (clone / "results" / "submission" / "board.md").read_text(encoding="utf-8")

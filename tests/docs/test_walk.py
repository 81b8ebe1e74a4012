"""README's and docs/submit.md's commands, as a newcomer types them from top to bottom, in an empty directory."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from harness.cli.app import run_app
from harness.cli.running.live_board import LiveBoard
from tests.execution.commands import timetrial

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
    for command in commands("docs/submit.md"):
        if command.startswith(ELSEWHERE) or "--executor inline" in command:
            continue
        if command.startswith("timetrial compare"):  # after an edit, as the page says
            (empty / "submissions" / "my_schedule.py").write_text(schedule_of("docs/submit.md"))
            again = "timetrial run --suite smoke -s my_schedule -s cosine"
            assert run_app([*shlex.split(again)[1:], *QUICK[again]]) == 0
        assert run_app([*shlex.split(command)[1:], *QUICK.get(command, [])]) == 0, command
        done.append(command.split()[1])
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


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/submit.md"])
def test_the_path_of_a_page_is_walked_to_its_row_beside_the_reference_result(empty, page):
    """Two minutes on two idle cores."""
    (empty / "submissions").mkdir()
    (empty / "submissions" / "my_schedule.py").write_text(schedule_of(page))
    for command in commands(page):
        if "my_schedule" in command and not command.startswith(("timetrial new", "timetrial compare")):
            done = timetrial(*shlex.split(command)[1:], cwd=empty, timeout=3000)
            assert done.returncode == 0, (command, done.stdout + done.stderr)
    assert "my_schedule" in (empty / "results" / "leaderboard.html").read_text(encoding="utf-8")
    assert "`timetrial compare my_schedule rex --reference`" in (ROOT / "docs" / "submit.md").read_text(encoding="utf-8")
    done = timetrial("compare", "my_schedule", "rex", "--reference", cwd=empty)
    assert done.returncode == 0 and done.stdout.startswith("A is my_schedule, B is rex; "), done.stderr

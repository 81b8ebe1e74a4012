"""Folders for what a run needs only while it lives: nobody's is taken while it lives, and none outlives it for long."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile

import pytest

from harness.execution.dispatch.scratch import ScratchFolder

HOLDER = (
    "import sys; from harness.execution.dispatch.scratch import ScratchFolder; folder = ScratchFolder(); "
    "(folder.path / 'log').write_text('x'); print(folder.path.name, flush=True); sys.stdin.read()"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_folder_of_a_killed_process_is_removed_by_the_next_one_and_that_of_a_living_one_is_not(place):
    line = [sys.executable, "-c", HOLDER]
    holders = [subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    killed, alive = (holder.stdout.readline().strip() for holder in holders)
    holders[0].send_signal(signal.SIGKILL)
    holders[0].wait()
    ours, another = ScratchFolder(), ScratchFolder()
    assert {path.name for path in place.iterdir()} == {alive, ours.path.name, another.path.name} and killed != alive
    holders[1].communicate("")
    ours.remove()
    another.remove()
    ours.remove()
    assert [path.name for path in place.iterdir()] == [alive]
    ScratchFolder().remove()
    assert list(place.iterdir()) == []


def test_nothing_that_only_looks_like_one_is_followed_or_removed(place):
    (place / "other").mkdir()
    (place / "other" / "kept").write_text("")
    (place / "timetrial-run-file").write_text("")
    (place / "timetrial-run-link").symlink_to(place / "other")
    ScratchFolder().remove()
    assert {path.name for path in place.iterdir()} == {"other", "timetrial-run-file", "timetrial-run-link"}
    assert (place / "other" / "kept").exists()

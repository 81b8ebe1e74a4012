"""Verbs beside the reference result: what `compare` reads of it, and what `run` refuses before anything runs."""

from __future__ import annotations

import pytest

from harness import compare
from harness.cli.app import run_app
from harness.results import board_input, reference
from tests.execution.commands import timetrial

RUN = ("run", "--suite", "smoke", "--studies", 1, "--trials", 1, "--executor", "inline")


@pytest.fixture(scope="module")
def own_and_reference(tmp_path_factory):
    """Return a directory with cosine, and one with rex, which the tests take for the reference result."""
    home = tmp_path_factory.mktemp("beside")
    for name, submission in (("own", "cosine"), ("reference", "rex")):
        assert timetrial(*RUN, "-s", submission, "--results", home / name, writes_board=False).returncode == 0
    return home / "own", home / "reference"


def test_compare_reads_the_reference_result_only_where_it_is_asked_to(own_and_reference, monkeypatch, capsys):
    own, there = own_and_reference
    read = lambda track, suite: board_input(there, track=track, suite=suite)  # noqa: E731
    for module in ("harness.results", "harness.results.reference"):
        monkeypatch.setattr(f"{module}.reference_input", read)
    monkeypatch.setattr(reference, "REFERENCE", there)
    assert run_app(["compare", "cosine", "rex", "--results", str(own)]) == 2
    told = capsys.readouterr().err
    assert told == f"timetrial: there are no results of 'rex' in {own}: add --reference, whose trials it is among\n"
    assert run_app(["compare", "cosine", "nope", "--results", str(own)]) == 2
    assert "--reference" not in capsys.readouterr().err
    assert run_app(["compare", "cosine", "rex", "--results", str(own), "--reference"]) == 0
    assert capsys.readouterr().out.startswith("A is cosine, B is rex; ")
    assert "rex" in repr(compare("cosine", "rex", own, reference=True))


def test_what_the_reference_result_lacks_is_said_before_a_dry_run_and_before_a_race_is_written(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for option in ("--dry-run", "--write-config"):
        line = ["run", "--suite", "smoke", "-s", "rex", "--reference", option]
        assert run_app([*line, "race.toml"] if option == "--write-config" else line) == 2
        assert "the reference result has no trials of this kind (track schedule, suite smoke" in capsys.readouterr().err
    assert not (tmp_path / "race.toml").exists()
    assert reference.REFERENCE.is_dir()

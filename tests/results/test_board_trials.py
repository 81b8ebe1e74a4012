"""Which studies are on a board, where runs of one directory planned different numbers of trials."""

from __future__ import annotations

import shutil

import pytest

from harness.cli.app import run_app
from harness.cli.running.live_board import LiveBoard
from harness.contracts.errors import BadInput
from harness.execution.race import Race
from harness.execution.settings import Settings
from harness.plan import Request, make_plan
from harness.results import ResultStore, board_input
from workloads.data import data_directory

RACE = {"suite": "smoke", "track": "schedule", "submissions": ("linear", "cosine"), "workloads": ("digits_mlp",)}


def begun(directory, **more):
    """Write down the plan of a race, as a run does that is killed before its first trial ends."""
    Race(make_plan(Request(**RACE, **more)), ResultStore(directory), Settings("inline", data_directory())).prepare()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """One study of two trials of each submission: all of what the race planned."""
    directory = tmp_path_factory.mktemp("recorded")
    words = ["run", "--suite", "smoke", "-s", "linear", "-s", "cosine", "-w", "digits_mlp", "--executor", "inline"]
    assert run_app([*words, "--studies", "1", "--trials", "1", "--results", str(directory)]) == 0
    return directory


@pytest.fixture(scope="module", autouse=True)
def _no_pages():
    """Have runs write no page: it takes seconds, and these tests ask for its trials alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveBoard, "write", lambda *_, **__: None)
        yield


def test_a_larger_race_that_was_begun_takes_no_study_from_the_board(tmp_path, recorded):
    before = board_input(recorded)
    directory = shutil.copytree(recorded, tmp_path / "results")
    begun(directory, studies=2)
    after = board_input(directory)
    assert len(after.trials) == len(before.trials) == before.planned == before.done > 0
    assert (after.planned, after.done) == (4 * before.planned, before.done)


def test_a_smaller_race_has_its_board_beside_a_larger_one_that_never_ran(tmp_path, recorded):
    begun(tmp_path, studies=2)
    assert board_input(tmp_path).trials.empty
    shutil.copytree(recorded / "trials", tmp_path / "trials", dirs_exist_ok=True)
    assert board_input(tmp_path).trials.empty, "no run has planned fewer trials"
    begun(tmp_path, studies=1, trials=1)
    assert len(board_input(tmp_path).trials) == len(board_input(recorded).trials)


def test_submissions_of_a_smaller_race_have_equally_many_trials_while_a_larger_one_is_under_way(tmp_path, recorded):
    directory = shutil.copytree(recorded, tmp_path / "results")
    begun(directory, studies=1)
    words = ["run", "--suite", "smoke", "-s", "linear", "-w", "digits_mlp", "--executor", "inline", "--studies", "1"]
    assert run_app([*words, "--results", str(directory)]) == 0
    counts = board_input(directory).trials.groupby("submission").size()
    assert dict(counts) == dict(board_input(recorded).trials.groupby("submission").size())
    assert run_app([*words, "-s", "cosine", "--results", str(directory)]) == 0
    assert dict(board_input(directory).trials.groupby("submission").size()) == {name: 2 * n for name, n in counts.items()}


def test_the_message_has_the_command_that_resumes_the_run(tmp_path):
    begun(tmp_path, studies=2)
    given = board_input(tmp_path)
    command = f"timetrial run --suite smoke --track schedule --results {tmp_path} -s cosine -s linear"
    with pytest.raises(BadInput, match=f"0 of {given.planned} planned trials are recorded: .* as in `{command}`; more"):
        given.check_for_studies(tmp_path, ["more"])

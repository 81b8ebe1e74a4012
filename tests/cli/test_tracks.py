"""The budget track, the sensitivity grid and a pair until separable, as a user runs them."""

import json

import pytest

from harness.cli.app import run_app
from harness.results import ResultStore, RunNote
from tests.execution.commands import board, timetrial

RUN = ("run", "--suite", "smoke", "-w", "digits_mlp", "--executor", "inline")


def records(place):
    return {path: json.loads(path.read_text()) for path in place.glob("trials/*/*/*.json")}


def test_the_budget_track_from_the_run_to_the_board(tmp_path):
    run = (*RUN, "--track", "budget", "-s", "linear", "-s", "constant", "--studies", 1, "--trials", 1, "--results", tmp_path)
    done = timetrial(*run)
    assert done.returncode == 0, done.stderr + done.stdout
    found = records(tmp_path).values()
    assert {r["status"] for r in found} == {"finished"}
    assert all(r["complete"] and r["spec"]["target"] is None for r in found)
    assert all(r["evaluations"][-1]["examples"] >= r["spec"]["horizon"] for r in found)
    value = board(tmp_path)
    assert (value["track"], value["shares"], value["trials"]) == ("budget", [0.125, 0.25, 0.5, 1.0], {"finished": 8})
    assert all(row["regret"] is not None for row in value["submissions"])
    before = {name: (tmp_path / f"leaderboard.{name}").read_bytes() for name in ("html", "json", "csv")}
    assert timetrial("report", "--results", tmp_path).returncode == 0
    assert {name: (tmp_path / f"leaderboard.{name}").read_bytes() for name in before} == before
    again = timetrial(*run, writes_board=False)
    assert "0 trials" in again.stdout
    cell = ("rex", "digits_mlp", 0)
    older = RunNote("schedule", "smoke", {"1" * 16: cell}, {"rex": "2" * 64, "digits_mlp": "3" * 64}, created="2000-01-01")
    ResultStore(tmp_path).write_run(older)
    elsewhere = timetrial("compare", "linear", "rex@previous", "--results", tmp_path)
    assert "the board of the budget track and the smoke suite has no 'rex': add --track schedule --suite" in elsewhere.stderr


def test_sensitivity_runs_complete_trials_and_joins_the_board_of_the_race(tmp_path):
    probe = (*RUN, "-s", "linear", "--sensitivity", "--studies", 1, "--results", tmp_path)
    assert timetrial(*probe).returncode == 0
    assert len(records(tmp_path)) == 7
    assert all(r["complete"] for r in records(tmp_path).values())
    assert board(tmp_path)["track"] == "sensitivity"
    done = timetrial(*RUN, "-s", "linear", "--studies", 1, "--trials", 1, "--results", tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    value = board(tmp_path)
    assert (value["track"], [row["name"] for row in value["sensitivity"]]) == ("schedule", ["linear"])
    assert value["sensitivity"][0]["value"] > 0


def test_a_pair_is_raced_until_separable_resumes_and_stays_off_the_board(tmp_path):
    assert timetrial(*RUN, "-s", "linear", "--studies", 1, "--trials", 1, "--results", tmp_path).returncode == 0
    before = board(tmp_path)
    run = (*RUN, "--until-separable", "linear", "inverse_time", "--trials", 1, "--results", tmp_path)
    done = timetrial(*run)
    assert done.returncode == 0, done.stderr + done.stdout
    last = done.stdout.strip().splitlines()[-1]
    assert "has a speed-up of" in last and "separable at" in last
    assert {r["spec"]["submission"] for r in records(tmp_path).values()} == {"linear", "inverse_time"}
    ran = set(records(tmp_path))
    assert timetrial("report", "--results", tmp_path).returncode == 0
    assert board(tmp_path) == before
    again = timetrial(*run)
    assert again.stdout.strip().splitlines()[-1] == last
    assert set(records(tmp_path)) == ran
    for note in sorted((tmp_path / "runs").glob("*.json")):
        if not json.loads(note.read_text()).get("pair"):
            note.unlink()
    done = timetrial("report", "--results", tmp_path)
    assert done.returncode == 2 and "only `run --until-separable` has run" in done.stderr
    assert "`--until-separable" in done.stderr and "makes a board" in done.stderr


def test_a_pair_is_run_until_separable_in_the_track_without_a_target(tmp_path):
    run = (*RUN, "--track", "budget", "--until-separable", "linear", "constant", "--trials", 1, "--results", tmp_path)
    done = timetrial(*run)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "has a speed-up of" in done.stdout.strip().splitlines()[-1]
    assert {r["status"] for r in records(tmp_path).values()} == {"finished"}


def test_without_a_target_and_rulers_no_pair_is_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    unruled = ("--suite", "full", "-w", "adult_logreg", "--track", "budget")
    assert run_app(["run", *unruled, "--until-separable", "linear", "rex"]) == 2
    told = capsys.readouterr().err
    assert "none of these workloads has a ruler" in told and told.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--sensitivity", "--track", "external"), "--track external"),
        (("--sensitivity", "--trials", "3"), "--trials"),
        (("--until-separable", "linear", "linear"), "two different"),
        (("--until-separable", "linear", "rex", "-s", "cosine"), "-s"),
        (("--until-separable", "linear", "rex", "--studies", "3"), "--studies"),
        (("--until-separable", "linear", "rex", "--track", "sensitivity"), "--sensitivity"),
        (("--track", "schedule", "-s", "adamw+rex"), "the schedule track does not take"),
        (("--track", "budget", "--prune", "safe"), "the budget track needs complete ones"),
        (("--until-separable", "linear", "rex", "--prune", "safe"), "--until-separable"),
    ],
)
def test_what_does_not_go_together_is_told_in_one_line(more, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_app([*RUN, *more]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert says in told
    assert list(tmp_path.iterdir()) == []

"""A track is one entry in rules.py: a new one is planned, run and shown as its data say."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.running.session import Session
from harness.execution.settings import Settings
from harness.plan import Request, make_plan
from harness.registry import find_submission, find_workload
from harness.results import board_input, read_trials
from harness.rules import RULESETS, TRACKS, Reading, ShiftedRates
from harness.trial.setup import full_hyperparameters
from tests.execution.commands import timetrial
from workloads.data import data_directory

SCHEDULE, BUDGET = TRACKS["schedule"], TRACKS["budget"]
RATES = ShiftedRates(points=3, step=5.0, order=(2, 0, 1), trials=2)


@pytest.fixture
def add(monkeypatch):
    def added(track):
        monkeypatch.setitem(TRACKS, track.name, track)
        monkeypatch.setitem(RULESETS, track.name, track)
        return track

    return added


def request(track, *submissions, **more):
    return Request(
        suite="smoke", workloads=("digits_mlp",), submissions=submissions or ("linear",), track=track, studies=1, **more
    )


def race(plan, results):
    """Race a plan in this process as `run --executor inline` does; return leaderboard.json."""
    settings = Settings("inline", data_directory())
    assert Session(plan, Path(results), settings).run() == 0
    return json.loads((results / "leaderboard.json").read_text())


def outcome(trials):
    columns = ["study", "trial", "seed", "status", "target", "horizon_examples", "hit_examples", "end_examples"]
    return trials[columns].to_dict("records"), [row["learning_rate"] for row in trials["hyperparameters"]]


def test_the_command_line_names_every_track():
    assert ", ".join(TRACKS) in " ".join(timetrial("run", "--help").stdout.split())


def test_a_copy_of_the_schedule_track_under_another_name_races_the_same_trials(add, tmp_path):
    copy = add(replace(SCHEDULE, name="copied"))
    board = race(make_plan(request(copy.name)), tmp_path / "copy")
    race(make_plan(request(SCHEDULE.name)), tmp_path / "original")
    trials = read_trials(tmp_path / "copy")
    assert set(trials["track"]) == {"copied"} and len(trials) == 4
    assert outcome(trials) == outcome(read_trials(tmp_path / "original"))
    assert board["track"] == "copied" and board["submissions"][0]["score"] is not None
    assert board["clock"] == copy.clock


def test_a_track_with_other_horizons_and_rates_races_what_its_data_say(add, tmp_path):
    track = add(replace(SCHEDULE, name="quarters", points={"schedule": RATES}, horizons=(0.25, 0.75), run_to_end=True))
    plan = make_plan(request(track.name, "linear", "constant"))
    size = plan.workloads["digits_mlp"].size
    for name in ("linear", "constant"):  # an anytime schedule runs at both horizons too
        own = [spec for spec in plan.trials if spec.submission == name]
        assert [spec.horizon / spec.budget for spec in own] == pytest.approx([0.25, 0.75, 0.25, 0.75], abs=0.01)
        assert all(abs(spec.warmup - size.reference.warmup * spec.horizon) <= size.batch_size / 2 for spec in own)
        powers = [math.log(spec.hyperparameters["learning_rate"] / size.reference.learning_rate, 5) for spec in own]
        shift = powers[0] - 0.5
        assert 0 <= shift < 1
        assert powers == pytest.approx([shift + 0.5, shift + 0.5, shift - 1.5, shift - 1.5])
    board = race(plan, tmp_path)
    trials = read_trials(tmp_path)
    assert trials["complete"].all() and (trials["end_examples"] == trials["horizon_examples"]).all()
    assert [row["workloads"]["digits_mlp"]["studies"] for row in board["submissions"]] == [1, 1]


def test_one_more_rate_changes_no_other_trial(add):
    track = add(replace(SCHEDULE, name="other-rates", points={"schedule": RATES}))
    two, three = (make_plan(request(track.name, trials=trials)).trials for trials in (None, 3))
    assert len(three) == 6 and [spec.id for spec in two] == [spec.id for spec in three[:4]]


def test_a_track_of_quality_with_other_shares_is_shown_beside_the_track_that_it_names(add, tmp_path):
    host = add(replace(SCHEDULE, name="host"))
    guest = add(replace(BUDGET, name="guest", horizons=(0.2, 1.0), beside="host"))
    board = race(make_plan(request(guest.name, trials=1)), tmp_path)
    assert (board["track"], board["shares"]) == ("guest", [0.2, 1.0])
    assert race(make_plan(request(host.name, trials=1)), tmp_path)["track"] == "host"
    given = board_input(tmp_path)
    assert set(given.trials["track"]) == {"host"} and set(given.budget["track"]) == {"guest"}


def test_in_one_track_an_optimizer_has_its_own_recipe_and_a_schedule_the_reference_one(add, tmp_path):
    track = add(replace(BUDGET, name="all-kinds", horizons=(0.5, 1.0)))
    plan = make_plan(request(track.name, "linear", "adamw+linear", trials=1))
    workload = find_workload("digits_mlp", "smoke")
    by_name = {spec.submission: spec for spec in plan.trials}
    filled = {name: full_hyperparameters(spec, find_submission(name), workload)[0] for name, spec in by_name.items()}
    reference, own = workload.reference_hyperparameters, find_submission("adamw+linear")
    assert by_name["linear"].reference_recipe and filled["linear"].weight_decay == reference.weight_decay
    assert not by_name["adamw+linear"].reference_recipe
    assert dict(filled["adamw+linear"]) == {**own.defaults, **by_name["adamw+linear"].hyperparameters}
    assert set(own.space) <= set(by_name["adamw+linear"].hyperparameters)
    assert by_name["linear"].workload_hash != by_name["adamw+linear"].workload_hash
    race(plan, tmp_path)
    # A later run of one of them finds its trials, and the board still has both.
    again = Session(make_plan(request(track.name, "linear", trials=1)), tmp_path, Settings("inline", data_directory()))
    again.race.prepare()
    assert again.race.left == 0
    assert set(board_input(tmp_path).trials["submission"]) == {"linear", "adamw+linear"}
    assert board_input(tmp_path).done == len(plan.trials) == 4


def test_a_track_without_a_lattice_cannot_be_requested(add):
    from harness import BadInput

    with pytest.raises(BadInput, match="no track 'target-search'"):
        make_plan(request("target-search"))
    add(replace(SCHEDULE, name="unread", reads=(Reading.QUALITY,)))
    with pytest.raises(BadInput, match="the unread track"):
        make_plan(request("unread", held_out=True))

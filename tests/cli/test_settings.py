"""`NAME:key=value,...` on the command line: rows of their own on a board, resumed and compared under any spelling."""

import json

import pytest

from harness.cli.app import run_app
from tests.execution.commands import board, timetrial

RUN = ("run", "--suite", "smoke", "-w", "digits_mlp", "--executor", "inline")
POLYNOMIAL = ("-s", "polynomial", "-s", "polynomial:power=2", "-s", "polynomial:power=3.0,floor=0.1")
ROWS = {"cosine", "polynomial", "polynomial:power=2", "polynomial:floor=0.1,power=3", "./mine.py:bend=0.5", "./mine.py:bend=1"}
MINE = """
from harness import schedule


@schedule
def mine(step, horizon, bend=2.0):
    return 1 - (step / horizon) ** bend
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("settings")
    (place / "mine.py").write_text(MINE)
    mine = ("-s", "./mine.py:bend=.5", "-s", "./mine.py:bend=1")
    done = timetrial(*RUN, "-s", "cosine", *POLYNOMIAL, *mine, "--studies", 2, "--trials", 1, cwd=place)
    assert done.returncode == 0, done.stderr + done.stdout
    return place


def records(place):
    return [json.loads(path.read_text()) for path in place.glob("results/trials/*/*/*.json")]


def ends(place, name):
    """Return the last metric of each trial of a submission, by study and trial."""
    own = [record for record in records(place) if record["spec"]["submission"] == name]
    return {(r["spec"]["study"], r["spec"]["trial"]): r["evaluations"][-1]["metric"] for r in own}


def test_several_settings_of_one_schedule_are_rows_of_one_board(place):
    assert {row["name"] for row in board(place / "results")["submissions"]} == ROWS
    page = (place / "results" / "leaderboard.html").read_text()
    assert all(name in page for name in ROWS)


def test_the_records_say_what_was_set_and_the_trials_were_run_with_it(place):
    by_name = {record["spec"]["submission"]: record for record in records(place)}
    given = {name: record["spec"]["given"] for name, record in by_name.items()}
    assert given["polynomial:floor=0.1,power=3"] == {"floor": 0.1, "power": 3.0} and given["polynomial"] == {}
    facts = by_name["./mine.py:bend=0.5"]["facts"]["submission"]
    assert (facts["given"], facts["hyperparameters"]) == ({"bend": 0.5}, {"bend": 0.5})
    assert facts["name"] == "./mine.py:bend=0.5" and "def mine" in facts["code"]
    assert by_name["./mine.py:bend=0.5"]["spec"]["source"] == f"{place / 'mine.py'}:mine:bend=0.5"
    # the default of power is 2: the same curve and seeds under two names
    assert ends(place, "polynomial") == ends(place, "polynomial:power=2") != ends(place, "polynomial:floor=0.1,power=3")
    assert ends(place, "./mine.py:bend=0.5") != ends(place, "./mine.py:bend=1")
    assert all(record["status"] in ("reached", "missed") for record in by_name.values())


def test_another_spelling_resumes_the_same_trials(place):
    again = ("-s", "polynomial:floor=1e-1,power=3", "-s", "./mine.py:bend=5e-1")
    done = timetrial(*RUN, *again, "--studies", 2, "--trials", 1, "--results", "results", "--dry-run", cwd=place)
    assert "0 trials to run (8 recorded already)" in done.stdout, done.stdout


def test_a_comparison_takes_any_spelling_and_needs_no_plug_in(place, tmp_path):
    pair = ("polynomial:power=3,floor=.1", "./mine.py:bend=0.50")
    done = timetrial("compare", *pair, "--results", place / "results", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "A is polynomial:floor=0.1,power=3, B is ./mine.py:bend=0.5;" in done.stdout
    unknown = timetrial("compare", "polynomial:power", "cosine", "--results", place / "results", cwd=tmp_path)
    assert unknown.returncode == 2 and "did you mean 'polynomial:power=2'?" in unknown.stderr


def test_the_baseline_of_a_report_takes_any_spelling(place, tmp_path):
    out = ("--out", tmp_path / "page.html")
    done = timetrial("report", "--results", place / "results", "--baseline", "polynomial:power=2.0", *out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "page.json").read_text())["baseline"] == "polynomial:power=2"


def test_a_pair_until_separable_may_be_two_settings_of_one_schedule(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pair = ("--until-separable", "polynomial:power=2.0", "polynomial:power=3")
    assert run_app([*RUN, *pair, "--trials", "1", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "polynomial:power=2 " in told and "polynomial:power=3 " in told
    assert run_app([*RUN, "--until-separable", "polynomial:power=2.0", "polynomial:power=2"]) == 2
    assert "name two different submissions" in capsys.readouterr().err


def test_a_curve_is_drawn_with_the_values_after_the_name(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    drawn = {}
    for name in ("./mine.py:bend=1", "adamw:clip=1+polynomial:power=3", "polynomial"):
        assert run_app(["curve", name, "--horizon", "4", "--json"]) == 0
        value = json.loads(capsys.readouterr().out)
        drawn[value["name"]] = value["multiplier"]
    assert drawn["mine:bend=1"] == [1, 0.75, 0.5, 0.25]
    assert drawn["polynomial:power=3"][2] == 0.125 and drawn["polynomial"][2] == 0.25
    assert run_app(["curve", "adamw:clip=1"]) == 2
    assert "'adamw:clip=1' is an optimizer, not a schedule" in capsys.readouterr().err

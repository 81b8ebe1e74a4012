"""`timetrial run RACE.toml`: a race that is written down, and the file that `--write-config` makes."""

from __future__ import annotations

import tomllib

import pytest

from harness.cli.app import run_app
from harness.cli.running.live_board import LiveBoard
from harness.cli.running.race_file import toml_value

RACE = """
suite = "smoke"
submission = ["rex", {name = "polynomial", power = 3, floor = 0.1}]
studies = 1
executor = "inline"
results = "out"
"""


SAME = ("run", "--suite", "smoke", "--results", "out", "--executor", "inline", "--dry-run")


@pytest.fixture
def race(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "race.toml"
    path.write_text(RACE)
    return path


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_a_file_is_run_as_the_command_line_would_be(race, capsys, monkeypatch):
    monkeypatch.setattr(LiveBoard, "write", lambda *_, **__: None)  # seconds, and nothing here reads it
    assert run_app(["run", "race.toml"]) == 0
    recorded = {path.parent.name for path in race.parent.glob("out/trials/*/*/*.json")}
    assert "rex" in recorded and len(recorded) == 2
    capsys.readouterr()
    assert run_app([*SAME, "-s", "rex", "-s", "polynomial:power=3,floor=0.1", "--studies", "1"]) == 0
    typed = capsys.readouterr()
    assert run_app(["run", "race.toml", "--dry-run"]) == 0
    assert capsys.readouterr() == typed


def test_an_option_of_the_command_line_stands_instead_of_the_files_and_says_so(race, capsys):
    assert run_app(["run", "race.toml", "--studies", "2", "-s", "cosine", "--dry-run"]) == 0
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        f"{option} of the command line stands instead of the file's" for option in ("--submission", "--studies")
    ]
    assert run_app([*SAME, "-s", "cosine", "--studies", "2"]) == 0
    assert capsys.readouterr().out == told.out


RACES = {
    "many options": "--suite smoke -s rex -s polynomial:power=3 -w digits_mlp --trials 1 --seed 7 --memory 500MB --retry",
    "a unit": "--suite smoke -s rex --time-limit 1.5m",
    "none at all": "--suite smoke",
    "all": "--suite smoke --all --studies 1",
    "another track": "--suite smoke -s adamw+rex --studies 2 --held-out",
    "seven rates": "--suite smoke -s rex --sensitivity",
    "a pair": "--suite smoke --until-separable rex linear",
}


@pytest.mark.parametrize("options", RACES.values(), ids=RACES)
def test_what_is_written_is_read_back_as_the_same_race(race, capsys, options):
    line = ["run", *options.split(), "--results", "out", "--executor", "inline"]
    assert run_app([*line, "--dry-run"]) == 0
    typed = capsys.readouterr()
    assert run_app([*line, "--write-config", "mine.toml"]) == 0
    assert last_line(capsys) == "mine.toml: timetrial run mine.toml runs it"
    assert run_app(["run", "mine.toml", "--dry-run"]) == 0
    assert capsys.readouterr() == typed
    assert run_app([*line, "--write-config", "mine.toml"]) == 2
    assert "mine.toml: it exists, and is not overwritten" in capsys.readouterr().err
    assert run_app(["run", "mine.toml", "--write-config", "again.toml"]) == 0, "a file's options are given too"
    mine, again = ((race.parent / f"{name}.toml").read_text().splitlines()[1:] for name in ("mine", "again"))
    assert mine == again


def test_only_what_was_given_is_written_with_what_says_which_race_it_is(race):
    assert run_app(["run", "--suite", "smoke", "-s", "rex", "--prune", "safe", "--retry", "--write-config", "mine.toml"]) == 0
    read = tomllib.loads((race.parent / "mine.toml").read_text())
    assert read == {
        **{"suite": "smoke", "track": "schedule", "submission": ["rex"], "seed": 0},
        **{"prune": "safe", "retry": True},
    }
    assert run_app(["run", "--write-config", "other.toml"]) == 0
    read = tomllib.loads((race.parent / "other.toml").read_text())
    assert read.keys() == {"suite", "track", "submission", "seed"} and len(read["submission"]) == 10


def test_a_race_that_was_run_has_run_as_a_file_too(race, capsys, monkeypatch):
    monkeypatch.setattr(LiveBoard, "write", lambda *_, **__: None)  # seconds, and nothing here reads it
    line = ["run", "--suite", "smoke", "-s", "rex", "--studies", "1", "--executor", "inline"]
    assert run_app(line) == 0 and run_app([*line, "--write-config", "mine.toml"]) == 0
    capsys.readouterr()
    assert run_app(["run", "mine.toml", "--dry-run"]) == 0
    told = capsys.readouterr()
    assert told.out == "0 trials to run (4 recorded already): without --dry-run the leaderboard is written from them\n"


@pytest.mark.parametrize(
    "value", ["a", 'quo"ted \\ and\ttab\nline', "é 😀 \x7f\x00", True, 3, -2.5, 1e300, float("inf"), ["a", 'b"'], []]
)
def test_a_value_is_written_so_that_it_is_read_back(value):
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('submissions = ["rex"]', "run has no option 'submissions'; did you mean 'submission'?"),
        ("studies = 'three'", 'studies = "three": a whole number is needed'),
        ("studies = true", "studies = true: a whole number is needed"),
        ("time-limit = 'long'", "--time-limit long: a number of seconds is needed, or one with a unit, as in 90s, 5m or 1h"),
        ("time-limit = [5]", "time-limit = [5]: a number is needed"),
        ("all = 1", "all = 1: true or false is needed"),
        ("suite = ''", "suite is empty: give one, or leave it out"),
        ("suite = 3", "suite = 3: text in quotation marks is needed"),
        ("until-separable = ['rex']", 'until-separable = ["rex"]: 2 names in brackets are needed'),
        ("submission = [{power = 2}]", "submission: name is empty"),
        ("submission = [{name = 'adamw+polynomial', power = 2}]", "has two halves"),
        ("submission = [{name = 'polynomial', power = 2024-05-01}]", "power"),
        (f"time-limit = 1{'0' * 400}", "time-limit: the number is too large"),
        (f"suite = {'[' * 5000}", "nested too deeply"),
        ("dry-run = true", "run has no option 'dry-run'"),
        ("suite = smoke", "is not TOML"),
        ("suite = 'nope'", "no suite 'nope'"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(race, capsys, line, says):
    race.write_text(line + "\n")
    assert run_app(["run", "race.toml"]) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1
    assert {path.name for path in race.parent.iterdir()} == {"race.toml"}


def test_a_race_is_only_written_to_a_file_that_run_takes(race, capsys):
    assert run_app([*SAME, "-s", "rex", "--write-config", "mine.json"]) == 2
    assert "mine.json: the file name must end in .toml" in capsys.readouterr().err
    assert {path.name for path in race.parent.iterdir()} == {"race.toml"}


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("none.toml", "`timetrial run --write-config none.toml` writes one"),
        ("race", "or race.toml, one file with a race"),
        ("rex", "or RACE.toml, one file with a race"),
    ],
)
def test_a_file_that_is_not_there_or_lacks_its_suffix_is_told_with_what_to_type(race, capsys, word, says):
    assert run_app(["run", word]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("words", ["none.toml", ".", "race.toml race.toml", "race.toml rex", "dir.toml"])
def test_what_is_no_file_of_a_race_is_one_line(race, capsys, words):
    (race.parent / "dir.toml").mkdir()
    assert run_app(["run", *words.split()]) == 2
    assert capsys.readouterr().err.count("\n") == 1

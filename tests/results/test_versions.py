"""`compare NAME@previous NAME`: an edited submission beside its version before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.cli.app import run_app
from harness.cli.running.live_board import LiveBoard
from harness.registry.edited import edited_since
from harness.registry.submissions import find_submission
from harness.results import ResultStore
from harness.results.versions import split_version

SOURCE = "from harness import schedule\n\n\n@schedule\ndef mine(step, horizon):\n    return {}\n"
SOURCE_OF_AN_OPTIMIZER = """
import torch

from harness import optimizer


@optimizer(defaults={"learning_rate": 0.001})
def momentum(model, hyperparameters):
    return torch.optim.SGD(model.parameters(), lr=hyperparameters.learning_rate, momentum=0.5)
"""
RUN = ["run", "--suite", "smoke", "--studies", "2", "--executor", "inline", "-s", "mine", "-s", "cosine"]


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """A directory in which `mine` ran as two versions: a poor one, then a better one."""
    place = tmp_path_factory.mktemp("edited")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(LiveBoard, "write", lambda *_, **__: None)  # seconds, and nothing here reads it
        (place / "submissions").mkdir()
        for value in ("0.05", "1 - step / horizon"):
            (place / "submissions" / "mine.py").write_text(SOURCE.format(value))
            assert run_app(RUN) == 0
    return place


@pytest.fixture
def compare(edited, monkeypatch, capsys):
    monkeypatch.chdir(edited)

    def call(*names):
        capsys.readouterr()
        status = run_app(["compare", *names, "--json"])
        told = capsys.readouterr()
        return json.loads(told.out) if status == 0 else told.err

    return call


def test_the_previous_version_stands_beside_the_new_one(compare):
    better = compare("mine", "mine@previous")
    pair = better["saved"]["pair"]
    newer, older = pair["a"], pair["b"]
    name, _, prefix = older.partition("@")
    assert (newer, name, len(prefix)) == ("mine", "mine", 8) and pair["ratio"] > 1
    assert compare("mine", older) == compare("mine", older[:10]) == better
    worse = compare("mine@previous", "mine")["saved"]["pair"]
    assert (worse["a"], worse["b"]) == (older, "mine") and worse["ratio"] < 1


def test_an_older_version_is_compared_with_any_other(compare):
    assert compare("mine@previous", "cosine")["saved"]["pair"]["b"] == "cosine"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cosine@previous", "'cosine' has no previous version here: only "),
        ("mine@ffff0000ffff", "no version of 'mine' recorded here begins with 'ffff0000ffff': recorded are, "),
        ("mine@f", "no version of 'mine' recorded here begins with 'f': recorded are, "),
        ("nothing@previous", "no submission 'nothing' has run for this board"),
    ],
)
def test_a_version_that_is_not_there_is_one_line(compare, name, says):
    told = compare(name, "mine")
    assert says in told and told.count("\n") == 1


def test_a_name_that_was_recorded_with_an_at_sign_is_a_name():
    assert split_version("./a@1234", {"./a@1234"}) == ("./a@1234", "")
    assert split_version("polynomial:power=2@previous", ()) == ("polynomial:power=2", "previous")


def test_a_row_of_another_version_than_the_file_s_says_so_wherever_it_is_shown(edited, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(shutil.copytree(edited, tmp_path / "edited again"))
    line = "mine: submissions/mine.py has been edited since; its row is of the version that was raced"
    assert run_app(["report"]) == 0 and line not in capsys.readouterr().out
    file = Path("submissions/mine.py")
    written = file.read_text()
    file.write_text(SOURCE.format("raise_an_error"))  # it is read, not run
    assert run_app(["report"]) == 0 and line in capsys.readouterr().out.replace("\n", " ")
    assert run_app(["compare", "mine", "cosine"]) == 0 and line in capsys.readouterr().err
    file.write_text(written + "# a remark is no other version\n")
    assert run_app(["compare", "mine", "cosine"]) == 0 and not capsys.readouterr().err


def test_what_is_edited_is_found_by_name_by_path_and_as_an_optimizer_under_a_schedule(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "submissions").mkdir()
    files = {"mine": SOURCE.format("0.5"), "momentum": SOURCE_OF_AN_OPTIMIZER}
    for name, text in files.items():
        (tmp_path / "submissions" / f"{name}.py").write_text(text)
    told = ["mine", "./submissions/mine.py", "momentum+cosine", "momentum+mine"]
    others = ["cosine", "adamw+cosine", "adamw+mine"]
    recorded = {name: find_submission(name).content_hash for name in (*told, *others)}
    assert edited_since(recorded) == {}
    for name, text in files.items():
        (tmp_path / "submissions" / f"{name}.py").write_text(text.replace("0.5", "0.6"))
    assert list(edited_since({**recorded, "": "no hash", "a+b+c": "no hash", "./nowhere.py": "no hash"})) == told
    for name in files:
        (tmp_path / "submissions" / f"{name}.py").unlink()
    assert edited_since(recorded) == {}


def test_an_edited_submission_whose_race_was_interrupted_says_so_where_it_is_missing(edited, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(shutil.copytree(edited, tmp_path / "interrupted"))
    store = ResultStore("results")
    present = store.runs()[-1].hashes["mine"]
    own = [record.spec for record in store.records() if record.spec.submission_hash == present]
    second, first = sorted((spec for spec in own if spec.trial == 0), key=lambda spec: -spec.study)
    store.path(second).unlink()
    assert run_app(["report"]) == 0
    assert "changed since" not in capsys.readouterr().out, "one study is still on the board"
    store.path(first).unlink()  # an interrupted run leaves neither of both studies complete
    line = f"mine: changed since its recorded race; {len(own) - 2} of {len(own)} trials of the present source are there"
    assert run_app(["report"]) == 0
    assert line in capsys.readouterr().out.replace("\n", " ")
    assert [row["name"] for row in json.loads(Path("results/leaderboard.json").read_text())["submissions"]] == ["cosine"]
    assert line in Path("results/leaderboard.html").read_text()
    assert run_app(["compare", "mine", "cosine"]) == 2
    told = capsys.readouterr().err
    assert line in told and "`timetrial compare mine@previous NAME`" in told
    assert run_app(["compare", "mine@previous", "cosine"]) == 0

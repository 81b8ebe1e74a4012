"""`timetrial export csv|tensorboard` of a run with `--log-losses`."""

from __future__ import annotations

import csv
import re
import resource
from dataclasses import replace

import pytest

from harness.cli.app import run_app
from harness.cli.export_logs import run_name
from harness.cli.running.live_board import LiveBoard
from harness.results import ResultStore
from tests.execution.commands import timetrial


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("logged")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(LiveBoard, "write", lambda *_, **__: None)  # seconds, and nothing here reads it
        line = "run --suite smoke --executor inline --studies 1 --trials 1 -s rex"
        assert run_app([*line.split(), "--log-losses"]) == 0
        assert run_app([*line.split(), "-s", "sgd+linear", "--track", "budget"]) == 0
    return place


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    return place


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_has_each_point_of_losses_rates_and_evaluations(here, capsys):
    for _ in range(2):  # a second export replaces the first
        assert run_app(["export", "csv", "results"]) == 0
        told = capsys.readouterr().out
        assert "2 of them with training losses" in told and "with --log-losses" in told
    table = rows(here / "results" / "csv" / "logs.csv")
    of_rex = [row for row in table if row["submission"] == "rex" and row["trial"] == "1"]
    assert {row["series"] for row in of_rex} == {"training_loss", "learning_rate", "cross_entropy", "error_rate"}
    losses = [row for row in of_rex if row["series"] == "training_loss"]
    assert [int(row["step"]) for row in losses] == list(range(1, 101))
    assert float(losses[0]["value"]) > float(losses[-1]["value"]) > 0


def test_tensorboard_opens_what_was_written(here, capsys):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    assert run_app(["export", "tensorboard", "results", "--out", "boards"]) == 0
    runs = [accumulators.EventAccumulator(str(run)).Reload() for run in (here / "boards" / "digits_mlp" / "rex").iterdir()]
    assert all({"learning_rate", "cross_entropy"} <= set(run.Tags()["scalars"]) for run in runs)
    lost = [run.Scalars("training_loss") for run in runs if "training_loss" in run.Tags()["scalars"]]
    assert len(lost) == 2 < len(runs) and all(len(points) >= 50 for points in lost)


def test_without_tensorboard_one_line_says_what_to_install(here, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    assert run_app(["export", "tensorboard", "results", "--out", "nowhere"]) == 2
    told = capsys.readouterr().err
    assert not (here / "nowhere").exists()
    assert "pip install 'timetrial[tensorboard]'" in told and told.count("\n") == 1


@pytest.mark.parametrize("form", ["csv", "tensorboard"])
def test_a_full_disk_is_one_line_and_leaves_the_earlier_export(here, form):
    if form == "tensorboard":
        pytest.importorskip("tensorboard")
    kept = here / f"kept_{form}"
    assert run_app(["export", form, "results", "--out", str(kept)]) == 0
    before = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    for out in (kept, here / f"new_{form}"):
        done = timetrial("export", form, "results", "--out", out, limits={resource.RLIMIT_FSIZE: 1_500})  # a log has more
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert f"{out} cannot be written (File too large): free some space" in done.stderr
    assert {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()} == before
    assert not list(here.glob(f"*new_{form}*")) and not list(here.glob(".*.tmp"))


def test_a_race_that_is_recorded_says_that_its_losses_are_not_kept(here, capsys, monkeypatch):
    monkeypatch.setattr(LiveBoard, "write", lambda *_, **__: None)  # seconds, and nothing here reads it
    line = ["run", "--suite", "smoke", "--executor", "inline", "--studies", "1", "--trials", "1", "--log-losses"]
    assert run_app([*line, "-s", "rex"]) == 0
    assert "--log-losses: " not in capsys.readouterr().out
    assert run_app([*line, "-s", "sgd+linear", "--track", "budget"]) == 0
    (told,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("--log-losses: ")]
    assert re.match(r"--log-losses: ([0-9]+) of the \1 trials are recorded without losses, and do not run again: ", told)
    assert told.endswith("name another directory with --results to have theirs")


def test_a_folder_gets_no_longer_name_than_a_disk_takes(here):
    (record, *_) = ResultStore(here / "results").records()
    name = run_name(replace(record.spec, submission="../" + "x" * 500))
    assert max(map(len, name.split("/"))) <= 100 and ".." not in name.split("/")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("export csv none", "no results in 'none'"),
        ("export csv empty", "no records in 'empty'"),
        ("export csv results --out full", "full exists, and was not written by `timetrial export`"),
        ("export tensorbord results", "did you mean 'tensorboard'?"),
    ],
)
def test_what_cannot_be_exported_is_one_line(here, capsys, line, says):
    for name in ("empty", "full"):
        (here / name).mkdir(exist_ok=True)
    assert run_app(line.split()) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1

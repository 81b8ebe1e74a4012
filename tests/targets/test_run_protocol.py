"""`timetrial targets` from the command line, on a tiny workload: it sets targets, resumes, verifies and reports mistakes."""

import json
import math
import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from harness.cli.app import run_app
from harness.contracts.errors import BadInput
from harness.contracts.workloads import targets_file
from harness.registry import find_workload, workload_hash
from harness.targets import Protocol, ProtocolRun, write_entry
from harness.targets.protocol import RECIPES, WHOLE, draws, search_trials

SOURCE = Path(__file__).parents[1] / "toy.py"


ARGUMENTS = ["targets", "--suite", "smoke", "-w", "blobs", "--executor", "inline", "--reduced"]


def write_project(place: Path) -> None:
    """Write two workloads: the blobs without a target, and one whose model cannot be built."""
    folder = place / "workloads"
    folder.mkdir()
    text = SOURCE.read_text().partition("def spec(")[0]
    text = text.replace("            target=0.2,\n            reference=Reference(learning_rate=0.01, warmup=0.1),\n", "")
    assert "target=" not in text
    (folder / "blobs.py").write_text(text)
    (folder / "broken.py").write_text(
        text.replace('name = "blobs"', 'name = "broken"').replace("from torch import nn", "raise OSError('no such thing')")
    )


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project without targets, as the current directory."""
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project in which `timetrial targets` has set the target of the blobs, and the output."""
    folder = tmp_path_factory.mktemp("finished")
    write_project(folder)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as output:
        patch.chdir(folder)
        run_app(ARGUMENTS)
    return folder, output.getvalue()


@pytest.fixture
def place_with_target(finished, tmp_path, monkeypatch):
    """A copy of the finished project, as the current directory."""
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_target_is_set_and_used_and_the_command_resumes(finished, place_with_target, capsys):
    place = place_with_target
    assert "blobs: cross_entropy " in finished[1]
    written = place / "workloads" / "targets.json"
    entry = json.loads(written.read_text())["blobs"]["smoke"]
    workload = find_workload("blobs", "smoke")
    assert workload.size.target == entry["target"]
    assert workload.size.reference.learning_rate == entry["reference"]["learning_rate"]
    assert find_workload("blobs", "smoke", "wide").size.target == entry["variants"]["wide"]["target"]
    assert entry["provisional"] and "provisional" in workload.size.target_provenance
    assert len(entry["search"]) == 16 and len(entry["seeds"]) == 3 and len(entry["hits"]) == 3
    assert {"test_cross_entropy", "whole_cross_entropy", "metric"} <= set(entry["final"])
    assert set(entry["versions"]) >= {"torch", "timetrial"}
    records = sorted((place / "results" / "targets").glob("trials/*/*/*.json"))
    before = [path.stat().st_mtime_ns for path in records]
    assert len(records) >= 16 + 3 + 3
    run_app(ARGUMENTS)
    assert "16 were recorded before" in capsys.readouterr().out
    assert [path.stat().st_mtime_ns for path in records] == before
    assert json.loads(written.read_text())["blobs"]["smoke"]["target"] == entry["target"]


def test_a_target_does_not_change_what_the_protocol_ran(place):
    workload = find_workload("blobs", "smoke")
    before = workload_hash(workload, targeted=False, reference_recipe=False)
    race = workload_hash(workload)
    protocol = {"target": 0.5, "words": "w", "reference": {"learning_rate": 0.5}, "variants": {}}
    write_entry(workload, protocol)
    after = find_workload("blobs", "smoke")
    assert after.size.target == 0.5
    assert workload_hash(after, targeted=False, reference_recipe=False) == before
    assert workload_hash(after) != race


def test_a_race_without_a_target_says_what_to_type(place, capsys):
    assert run_app(["run", "--suite", "smoke", "-w", "blobs", "--executor", "inline"]) == 2
    assert "no target at size 'smoke' yet: `timetrial targets -w blobs --suite smoke` sets one" in capsys.readouterr().err


def test_verification_without_a_target_says_what_to_type(place, capsys):
    assert run_app([*ARGUMENTS, "--verify"]) == 2
    assert "leave --verify out to set one" in capsys.readouterr().err


def test_verification_runs_fresh_seeds_and_sets_nothing(place_with_target, capsys):
    place = place_with_target
    written = (place / "workloads" / "targets.json").read_text()
    records = set(place.glob("results/targets/trials/*/*/*.json"))
    status = run_app([*ARGUMENTS, "--verify"])
    out = capsys.readouterr().out
    assert "written to" not in out
    assert status == (1 if "FAILED" in out else 0)
    assert set(place.glob("results/targets/trials/*/*/*.json")) > records
    assert (place / "workloads" / "targets.json").read_text() == written


def test_a_workload_that_cannot_run_is_named_and_the_others_get_their_targets(place_with_target, capsys):
    place = place_with_target
    (place / "workloads" / "targets.json").unlink()
    arguments = ["targets", "--suite", "smoke", "-w", "broken", "-w", "blobs", "--executor", "inline", "--reduced"]
    assert run_app(arguments) == 1
    out = capsys.readouterr().out
    assert "broken: no target: a trial of adamw+linear has no result (failed: OSError: no such thing" in out
    assert set(json.loads((place / "workloads" / "targets.json").read_text())) == {"blobs"}


def test_a_stated_target_is_not_overwritten(place, capsys):
    source = place / "workloads" / "blobs.py"
    source.write_text(source.read_text().replace("batch_size=16,", "batch_size=16, target=0.3,"))
    assert run_app(ARGUMENTS) == 2
    assert "states its target in its own file" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"blobs": 3}'])
def test_a_damaged_file_is_one_clear_line(place, damage):
    targets_file(type(find_workload("blobs", "smoke"))).write_text(damage)
    with pytest.raises(BadInput, match="damaged"):
        find_workload("blobs", "smoke")


def test_the_search_is_the_documented_one(place):
    workload = find_workload("blobs", "smoke")
    trials = search_trials(WHOLE, workload, 0)
    assert len(trials) == len({spec.id for _, spec in trials}) == 160
    assert {configuration.recipe for configuration, _ in trials} == set(RECIPES)
    assert {spec.horizon for _, spec in trials} == {workload.size.budget}
    assert len({spec.seed for _, spec in trials}) == 1
    assert all(math.isnan(spec.target) for _, spec in trials)
    again = [configuration for configuration, _ in draws(WHOLE, "blobs", 0)]
    assert [configuration for configuration, _ in trials] == again
    assert [configuration for configuration, _ in draws(WHOLE, "blobs", 1)] != again


def test_finalists_are_judged_by_their_median(place, monkeypatch):
    """With one seed per configuration the winner may be lucky, so the whole protocol runs the best ones again."""
    from harness.cli.running.session import Session
    from harness.execution.race import Settings
    from harness.results import ResultStore

    protocol = Protocol(16, ("adamw+linear", "adamw+cosine"), 3, 3, 3, 3, (0.1, 10.0), 1, 2)
    store = ResultStore(place / "t")
    settings = Settings("inline", place / "data")
    run = ProtocolRun(
        [find_workload("blobs", "smoke")], protocol, store, lambda plan: Session(plan, place / "t", settings).run() and None
    )
    entry = run.set_targets()["blobs"]
    final = [r for r in store.records() if r.spec.track == "target-search" and r.spec.variant == "" and r.spec.study > 0]
    assert {r.spec.hyperparameters["learning_rate"] for r in final} >= {entry["best"]["hyperparameters"]["learning_rate"]}
    assert not entry["provisional"] and len(entry["seeds"]) == 3

"""`timetrial targets` measures rulers: the trials, what is written, versions, resuming."""

import json
import math

import pytest

from harness.cli.targets import targets
from harness.contracts.errors import BadInput
from harness.contracts.workloads import rulers_file
from harness.registry import find_workload
from harness.results import ResultStore
from harness.rules import RULER
from harness.scoring.ruler import Ruler
from harness.targets import write_rulers
from harness.targets.rulers import BASE, VARIANT, RulerDesign, RulerRun, ruler_trials
from tests.targets.test_run_protocol import SOURCE

DESIGN = RulerDesign((0.25, 1.0, 2.0), 2)


@pytest.fixture
def blobs(tmp_path, monkeypatch):
    """The blobs with their stated target, in a project of their own."""
    folder = tmp_path / "workloads"
    folder.mkdir()
    (folder / "blobs.py").write_text(SOURCE.read_text().partition("def spec(")[0])
    monkeypatch.chdir(tmp_path)
    return find_workload("blobs", "smoke")


def run_inline(store):
    """Return what runs a plan in this process."""
    from harness.execution.inline import run_inline
    from harness.execution.race import Race
    from harness.execution.settings import Settings

    def run(plan):
        race = Race(plan, store, Settings(executor="inline", data_directory=store.directory))
        race.prepare()
        run_inline(race)

    return run


def test_the_designs_are_the_ones_that_the_definition_names():
    assert RulerDesign((1 / 32, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1, 3 / 2, 2, 3), 20) == BASE
    assert RulerDesign((1 / 8, 1 / 4, 1 / 2, 1, 2), 5) == VARIANT


def test_the_help_states_what_a_ruler_costs():
    own, variant = (round(math.fsum(design.horizons) * design.seeds) for design in (BASE, VARIANT))
    assert f"A ruler costs {own} budgets of its workload, and {variant} more for" in str(targets.__doc__)


def test_trials_train_the_reference_recipe_under_cosine_with_a_warmup_in_proportion(blobs):
    trials = ruler_trials(blobs, DESIGN)
    budget, batch = blobs.size.budget, blobs.size.batch_size
    assert [spec.horizon for spec in trials] == [budget // 4, budget, 2 * budget] * 2
    assert all(spec.budget == spec.horizon == spec.evaluation_period for spec in trials)
    assert [spec.warmup / batch for spec in trials[:3]] == [round(0.1 * h * budget / batch) for h in DESIGN.horizons]
    assert {spec.submission for spec in trials} == {f"{blobs.size.reference.optimizer}+cosine"}
    assert all(dict(spec.hyperparameters) == dict(blobs.reference_hyperparameters) for spec in trials)
    assert all(math.isnan(spec.target) and spec.track == RULER.name for spec in trials)


def test_every_seed_is_its_own_and_shared_by_all_horizons(blobs):
    trials = ruler_trials(blobs, DESIGN)
    assert len({spec.seed for spec in trials[:3]}) == 1 and len({spec.seed for spec in trials}) == 2


def test_a_ruler_is_measured_once_and_written_beside_the_module(blobs, tmp_path):
    store = ResultStore(tmp_path / "records")
    run = RulerRun([blobs], store, run_inline(store), (DESIGN, RulerDesign((1.0,), 1)))
    rulers = run.measure()
    path = write_rulers(blobs, rulers["blobs"], {"wide": rulers["blobs_wide"]})
    assert path == rulers_file(type(blobs)) == tmp_path / "workloads" / "rulers.json"
    written = find_workload("blobs", "smoke").ruler
    assert written is not None and written["version"] == 1 and "variants" not in written
    ruler = Ruler.from_json(written)
    assert [point[0] for point in ruler.finals] == [240.0, 960.0, 1920.0]
    assert all(len(values) == 2 and math.isfinite(sum(values)) for _, values in ruler.finals)
    variant = find_workload("blobs", "smoke", "wide").ruler
    assert variant is not None and len(variant["finals"]) == 1
    before = {path: path.stat().st_mtime_ns for path in store.directory.glob("trials/*/*/*.json")}
    assert len(before) == 7
    again = RulerRun([blobs], store, run_inline(store), (DESIGN, RulerDesign((1.0,), 1))).measure()
    assert again["blobs"]["finals"] == rulers["blobs"]["finals"]
    assert {path: path.stat().st_mtime_ns for path in store.directory.glob("trials/*/*/*.json")} == before


def test_a_workload_whose_trials_fail_has_no_ruler_and_the_others_keep_theirs(blobs, tmp_path):
    text = (tmp_path / "workloads" / "blobs.py").read_text()
    broken = text.replace('name = "blobs"', 'name = "broken"').replace("from torch import nn", "raise OSError('no such thing')")
    (tmp_path / "workloads" / "broken.py").write_text(broken)
    store = ResultStore(tmp_path / "records")
    workloads = [find_workload("broken", "smoke"), blobs]
    run = RulerRun(workloads, store, run_inline(store), (RulerDesign((0.25,), 1), RulerDesign((0.25,), 1)))
    assert sorted(run.measure()) == ["blobs", "blobs_wide"]
    assert sorted(run.without_ruler) == ["broken", "broken_wide"] and "no such thing" in run.without_ruler["broken"]


def test_the_version_is_raised_by_other_values_only(blobs):
    ruler = {"workload": "blobs", "lower_is_better": True, "budget": 960.0, "finals": [{"examples": 960.0, "metric": [0.5]}]}
    write_rulers(blobs, {**ruler, "date": "2026-01-01"}, {})
    write_rulers(blobs, {**ruler, "date": "2026-01-02"}, {})
    first = find_workload("blobs", "smoke").ruler
    assert first is not None and first["version"] == 1 and first["date"] == "2026-01-01"
    write_rulers(blobs, {**ruler, "finals": [{"examples": 960.0, "metric": [0.4]}]}, {})
    second = find_workload("blobs", "smoke").ruler
    assert second is not None and second["version"] == 2


def test_a_workload_without_a_ruler_has_none_and_a_damaged_file_is_named(blobs):
    assert blobs.ruler is None
    rulers_file(type(blobs)).write_text("{")
    with pytest.raises(BadInput, match=r"rulers\.json is damaged"):
        _ = find_workload("blobs", "smoke").ruler


def test_a_measured_ruler_of_the_smoke_workload_is_committed():
    entry = find_workload("digits_mlp", "smoke").ruler
    assert entry is not None
    text = json.dumps(entry)
    ruler = Ruler.from_json(json.loads(text))
    assert len(ruler.finals) == len(BASE.horizons) and all(len(values) == BASE.seeds for _, values in ruler.finals)

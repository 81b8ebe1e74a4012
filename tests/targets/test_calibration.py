"""`timetrial calibrate`: points, trials, gains, the choice, what is written and printed, resuming."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness.targets.calibration as calibration
from harness import registry
from harness.canonical import stable_seed
from harness.cli.app import run_app
from harness.cli.calibrate import calibrate
from harness.contracts.errors import BadInput
from harness.contracts.spaces import Choice, LogUniform, Uniform
from harness.records import Status, TrialRecord
from harness.registry import all_submissions, calibrated, find_submission, find_workload
from harness.results import ResultStore
from harness.rules import CALIBRATION
from harness.scoring.ruler import LOWEST_GAIN, Ruler
from harness.targets.calibration import LAPTOP, CalibrationDesign, CalibrationRun, held_out_variants, subject_of
from harness.targets.calibration.choice import gain_of, ranking, space_around
from harness.targets.protocol import BOUNDS
from harness.targets.rulers import VARIANT, ruler_trials
from tests.registry.entries import write

TINY = CalibrationDesign("smoke", drawn=3, screened=("digits_mlp_tanh",), finalists=1)
ABLE = [s.name for s in all_submissions() if s.kind != "schedule" and "broken" not in s.facts and not s.wraps]
LEARN_THEIR_RATE = ("cocob", "mechanic", "prodigy")
"""Their learning rate multiplies one that they learn: a schedule's peak is 1, and nothing tunes it."""

PLUGIN = """from harness import LogUniform, optimizer

@optimizer(
    defaults={"learning_rate": 1e-7, "momentum": 0.5},
    space={"learning_rate": LogUniform(0.1, 0.4)},
)
def mine(model, hyperparameters):
    import torch

    if hyperparameters.learning_rate < 1e-6:
        raise RuntimeError("not with this rate")
    return torch.optim.SGD(model.parameters(), lr=hyperparameters.learning_rate, momentum=hyperparameters.momentum)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current directory, a tiny design, and a file of entries that is not the installed one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(calibration, "LAPTOP", TINY)
    write(tmp_path / "calibrated.json", {}, monkeypatch)
    return tmp_path


def command(*words: str) -> int:
    return run_app(["calibrate", *words, "--executor", "inline", "--results", "records"])


def trials(name: str, design: CalibrationDesign = TINY):
    """Return the trials that a run asks for in its first stage."""
    asked = []

    def run_plan(plan):
        asked.extend(plan.trials)
        raise InterruptedError

    run = CalibrationRun(subject_of(name), design, held_out_variants(design), ResultStore(Path("none")), run_plan)
    with pytest.raises(InterruptedError):
        run.calibrate()
    return run, asked


def test_the_design_is_the_one_that_the_help_names():
    variants = held_out_variants(LAPTOP)
    assert (LAPTOP.drawn, LAPTOP.finalists, LAPTOP.horizons, LAPTOP.kept) == (16, 4, (0.5, 1.0), 1 / 3)
    said = str(calibrate.__doc__)
    assert f"{1 + LAPTOP.drawn} points at half the budget on six variants" in said and len(LAPTOP.screened) == 6
    assert f"on all {len(variants)}" in said and f"at most {LAPTOP.budgets(len(variants)):.0f} budgets" in said
    families = [variants[label].data.family for label in LAPTOP.screened]
    assert len(set(families)) == len(families)


@pytest.mark.parametrize("name", ABLE)
def test_every_builtin_optimizer_and_procedure_has_bounds_and_can_be_calibrated(name):
    subject = subject_of(name)
    points = subject.points(16)
    assert subject.built_in and subject.name == name and len(points) == 17
    assert points[0] == {key: subject.plugin.defaults[key] for key in subject.bounds}
    for key, item in subject.bounds.items():
        drawn = [point[key] for point in points[1:]]
        if isinstance(item, Choice):
            assert set(drawn) == set(item.options)
        else:
            low, high = sorted(drawn)[0], sorted(drawn)[-1]
            assert item.low <= low < high <= item.high and len(set(drawn)) == 16
    assert ("learning_rate" in subject.bounds) is (name not in LEARN_THEIR_RATE)


def test_optimizers_of_reference_recipes_are_searched_within_the_bounds_of_the_target_protocol():
    assert {name: subject_of(name).bounds for name in BOUNDS} == BOUNDS
    used = {find_workload(name, "laptop").size.reference.optimizer for name in ("adult_logreg", "qm9_gnn")}
    assert used <= set(BOUNDS)


def test_an_optimizer_is_trained_under_the_schedule_that_it_is_made_for():
    assert subject_of("lion").trained.name == "lion+cosine" and subject_of("lion+rex").schedule == "rex"
    assert subject_of("schedule_free_sgd").trained.name == "schedule_free_sgd+constant"
    assert (subject_of("sam").trained.name, subject_of("sam").schedule) == ("sam", "")


def test_points_are_the_same_for_equal_bounds_and_a_set_value_leaves_the_others_where_they_are():
    assert subject_of("adamw").points(16)[1:] == subject_of("nadamw").points(16)[1:]
    whole, fixed = subject_of("adamw").points(4), subject_of("adamw:weight_decay=0.2").points(4)
    assert fixed == [{key: value for key, value in point.items() if key != "weight_decay"} for point in whole]


def test_trials_share_seeds_that_nothing_else_uses_and_are_evaluated_at_their_end():
    run, asked = trials("lion")
    workload = run.variants["digits_mlp_tanh"]
    assert [spec.trial for spec in asked] == [0, 1, 2, 3] and {spec.submission for spec in asked} == {"lion+cosine"}
    assert {spec.seed for spec in asked} == {stable_seed(0, "digits_mlp_tanh", "calibration", 0)}
    assert not {spec.seed for spec in ruler_trials(workload, VARIANT)} & {spec.seed for spec in asked}
    half = workload.size.budget // 2
    assert all((s.horizon, s.budget, s.evaluation_period) == (half, half, half) for s in asked)
    assert {spec.warmup for spec in asked} == {spec.warmup for spec in ruler_trials(workload, VARIANT) if spec.horizon == half}
    assert all(math.isnan(spec.target) and spec.track == CALIBRATION.name and not spec.reference_recipe for spec in asked)
    assert [dict(spec.hyperparameters) for spec in asked] == run.points


def test_what_is_calibrated_is_the_declared_plugin_whatever_was_calibrated_before(tmp_path, monkeypatch):
    from tests.registry.entries import entry

    write(tmp_path / "c.json", {}, monkeypatch)
    before = trials("lion")[1]
    write(tmp_path / "c.json", {"lion": entry("lion", {"learning_rate": 0.7, "clip": 2.0})}, monkeypatch)
    after = trials("lion")[1]
    assert [spec.id for spec in after] == [spec.id for spec in before]
    assert {find_submission(spec.source).content_hash for spec in after} == {spec.submission_hash for spec in after}


def test_a_submission_that_listens_to_evaluations_is_evaluated_as_in_a_race(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    period = find_workload("digits_mlp", "smoke", "tanh").size.evaluation_period
    assert {spec.evaluation_period for spec in trials("./mine.py+plateau")[1]} == {period}


def test_a_gain_is_read_off_the_ruler_of_the_variant():
    workload = find_workload("digits_mlp", "smoke", "tanh")
    ruler = Ruler.from_json(workload.ruler)
    _, asked = trials("lion")
    whole = replace(asked[0], horizon=int(ruler.budget))
    (reached, metric) = next((h, loss) for h, loss in ruler.points if h == 0.5)
    record = TrialRecord(whole, Status.FINISHED, "", evaluations=({"examples": whole.horizon, "metric": metric},))
    assert gain_of(workload, record) == (pytest.approx(math.log(reached)), False)
    assert gain_of(workload, replace(record, spec=asked[0])) == (pytest.approx(0.0), False)
    for status in (Status.DIVERGED, Status.FAILED, Status.TIMEOUT, Status.OUT_OF_MEMORY):
        assert gain_of(workload, replace(record, status=status)) == (pytest.approx(LOWEST_GAIN), True)


def test_the_largest_mean_gain_wins_and_of_equal_ones_the_lowest_index():
    assert ranking({0: [0.0, 0.0], 1: [1.0, -0.5], 2: [0.2, 0.3]}) == [1, 2, 0]
    assert ranking({3: [0.1], 1: [0.1], 2: [0.1]}) == [1, 2, 3]


@given(
    rates=st.lists(st.floats(1e-5, 10), min_size=1, max_size=8),
    momenta=st.lists(st.floats(0, 1), min_size=8, max_size=8),
    kinds=st.lists(st.sampled_from(["a", "b", "c"]), min_size=8, max_size=8),
)
def test_a_space_holds_its_points_within_the_bounds_and_is_no_wider_than_needed(rates, momenta, kinds):
    bounds = {"rate": LogUniform(1e-4, 1.0), "momentum": Uniform(0.5, 0.9), "kind": Choice("c", "b", "a")}
    points = [{"rate": r, "momentum": m, "kind": k} for r, m, k in zip(rates, momenta, kinds, strict=False)]
    space = space_around(bounds, points)
    for name in ("rate", "momentum"):
        inside = [min(max(point[name], bounds[name].low), bounds[name].high) for point in points]
        if name in space:
            assert type(space[name]) is type(bounds[name])
            assert (space[name].low, space[name].high) == (min(inside), max(inside))
        else:
            assert len(set(inside)) == 1
    seen = {point["kind"] for point in points}
    assert space.get("kind") == (Choice(*(o for o in ("c", "b", "a") if o in seen)) if len(seen) > 1 else None)


def test_a_builtin_plugin_is_calibrated_written_and_used_and_the_command_resumes(place, capsys):
    assert command("lion") == 0
    out = capsys.readouterr().out
    entry = json.loads(calibrated.FILE.read_text())["lion"]
    found = find_submission("lion")
    assert found.calibrated is not None and not found.calibrated.stale
    assert {key: found.defaults[key] for key in entry["defaults"]} == entry["defaults"]
    assert entry["schedule"] == "cosine" and entry["points"] == 4 and set(entry["space"]) <= set(entry["defaults"])
    half, whole = entry["stages"]
    assert (half["horizon"], whole["horizon"], whole["variants"]) == (0.5, 1.0, 1)
    assert all(stage["gain"]["calibrated"] >= stage["gain"]["declared"] for stage in entry["stages"][1:])
    assert {"machine", "date", "versions", "content_hash", "budgets", "seconds"} <= set(entry)
    assert "declared defaults: 0.1" in out and "at 0.5 of the budget on 1 variant:" in out
    records = {path: path.stat().st_mtime_ns for path in Path("records").glob("trials/*/*/*.json")}
    assert len(records) in (5, 6)  # four points at half the budget, then the best one and the declared defaults
    assert command("lion") == 0
    assert {path: path.stat().st_mtime_ns for path in Path("records").glob("trials/*/*/*.json")} == records
    assert json.loads(calibrated.FILE.read_text())["lion"] == entry
    assert not list(Path("records").glob("leaderboard*"))


def test_those_without_an_entry_are_calibrated_one_after_another(place, capsys, monkeypatch):
    known = [find_submission(name) for name in ("lion", "cosine", "cautious", "random_subsets")]
    monkeypatch.setattr(registry, "all_submissions", lambda: [find_submission(s.name) for s in known])
    assert command("random_subsets") == 0
    assert command("--missing") == 0
    out = capsys.readouterr().out
    assert out.count("written to") == 2 and set(json.loads(calibrated.FILE.read_text())) == {"lion", "random_subsets"}
    assert command("--missing") == 0
    assert "all built-in optimizers and procedures have calibrated defaults" in capsys.readouterr().out
    for words in ((), ("lion", "--missing")):
        assert command(*words) == 2
        assert "name what is to be calibrated, or type --missing" in capsys.readouterr().err


def test_what_is_printed_can_be_pasted_into_a_plugin_of_the_users_own_and_failed_trials_count_the_limit(place, capsys):
    Path("mine.py").write_text(PLUGIN)
    assert command("./mine.py") == 0
    out = capsys.readouterr().out
    assert json.loads(calibrated.FILE.read_text()) == {}
    assert "(declared defaults: 0.13)" in out  # an eighth: every trial of theirs fails
    pasted = out[out.index("defaults={") :]
    declared = PLUGIN[PLUGIN.index("    defaults=") : PLUGIN.index(")\ndef")]
    Path("better.py").write_text(PLUGIN.replace(declared, pasted).replace("def mine", "def better"))
    better = find_submission("./better.py")
    assert 0.1 <= better.defaults["learning_rate"] <= 0.4 and better.defaults["momentum"] == 0.5
    assert 0.1 <= better.space["learning_rate"].low < better.space["learning_rate"].high <= 0.4


def test_a_plugin_all_of_whose_trials_fail_is_not_calibrated(place, capsys):
    Path("mine.py").write_text(PLUGIN.replace("< 1e-6", "> 0"))
    assert command("./mine.py") == 1
    assert (
        "mine: not calibrated: no trial of ./mine.py+cosine came to its end (RuntimeError: not with" in capsys.readouterr().out
    )


def test_values_after_the_name_stay_fixed_and_nothing_is_written(place, capsys):
    assert command("lion:beta1=0.8,weight_decay=0+linear") == 0
    out = capsys.readouterr().out
    assert '"beta1": 0.8,' in out and "nothing is written: lion:beta1=0.8,weight_decay=0 sets values" in out
    assert json.loads(calibrated.FILE.read_text()) == {}
    record = json.loads(next(Path("records").glob("trials/*/*/*.json")).read_text())["spec"]
    assert record["given"] == {"beta1": 0.8, "weight_decay": 0.0} and set(record["hyperparameters"]) == {
        "learning_rate",
        "beta2",
    }
    assert record["submission"] == "lion:beta1=0.8,weight_decay=0+linear"


def test_of_a_librarys_class_the_name_to_race_is_printed(place, capsys):
    assert command("torch.optim.Adagrad:weight_decay=0.1") == 0
    name = capsys.readouterr().out.split("race it as ")[1].strip()
    found = find_submission(name)
    assert set(found.given) == {"learning_rate", "weight_decay"} and found.name == name
    assert json.loads(calibrated.FILE.read_text()) == {}


def test_a_procedure_is_calibrated_by_itself(place):
    assert command("random_subsets") == 0
    found = find_submission("random_subsets")
    assert json.loads(calibrated.FILE.read_text())["random_subsets"]["schedule"] == ""
    assert found.calibrated is not None and found.facts["defaults_from"].startswith("calibrated on held-out variants, 20")


def test_a_file_of_entries_that_is_damaged_keeps_its_content(place, capsys):
    calibrated.FILE.write_text("{")
    assert command("lion") == 2
    assert "is damaged" in capsys.readouterr().err and calibrated.FILE.read_text() == "{"
    assert not Path("records").exists()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("rex", "'rex' is a schedule, whose peak rate the schedule track tunes for every workload: name an optimizer, as in"),
        ("lion:defaults=paper", "calibration always starts from the declared defaults: leave defaults= out"),
        ("lion:learning_rate=1,weight_decay=1,beta1=0,beta2=0", "its name sets all of its hyperparameters that have a range"),
        ("./bare.py", "'./bare.py' has nothing to calibrate: it declares no search space"),
    ],
)
def test_what_cannot_be_calibrated_is_one_line(name, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bare.py").write_text(PLUGIN.replace('    space={"learning_rate": LogUniform(0.1, 0.4)},\n', ""))
    with pytest.raises(BadInput) as error:
        subject_of(name)
    assert line in str(error.value) and "\n" not in str(error.value)


def test_a_variant_of_the_first_stage_without_a_ruler_is_named():
    with pytest.raises(BadInput, match="the held-out variant 'nowhere' has no ruler"):
        held_out_variants(replace(TINY, screened=("nowhere",)))

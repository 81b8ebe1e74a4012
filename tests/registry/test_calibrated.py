"""Calibrated defaults and spaces stand in for the declared ones of their own built-in plug-in, and of nothing else."""

from __future__ import annotations

import re

import pytest

from harness import plan
from harness.contracts.errors import BadInput
from harness.contracts.spaces import Choice, LogUniform, Uniform
from harness.plan import Request, make_plan
from harness.registry import (
    all_submissions,
    calibrated,
    canonical_name,
    find_optimizer,
    find_submission,
    find_workload,
    workload_hash,
)
from harness.rules import RULER
from harness.targets.protocol import Configuration, trial_of
from harness.targets.rulers import VARIANT, ruler_trials
from harness.trial.setup import full_hyperparameters
from tests.registry.entries import entry, write

RATES = {"distribution": "LogUniform", "low": 0.01, "high": 0.05}
OPTIMIZERS = ("adamw", "nadamw", "sgd")


@pytest.fixture
def lion(tmp_path, monkeypatch):
    """An entry of `lion`: a rate, a beta that is no longer tuned, and a space of two hyperparameters."""
    space = {"beta1": {"distribution": "Uniform", "low": 0.9, "high": 0.95}, "learning_rate": RATES}
    return write(tmp_path / "c.json", {"lion": entry("lion", {"beta2": 0.98, "learning_rate": 0.02}, space)}, monkeypatch)


def test_an_entry_gives_its_plugin_defaults_and_space_and_the_others_keep_theirs(lion):
    found = find_submission("lion")
    assert found.defaults == {"clip": 0.0, "learning_rate": 0.02, "weight_decay": 0.1, "beta1": 0.9, "beta2": 0.98}
    assert found.space == {"learning_rate": LogUniform(0.01, 0.05), "beta1": Uniform(0.9, 0.95)}
    assert list(found.space) == ["learning_rate", "beta1"]  # in the order of declaration, whatever the file's is
    assert found.facts["defaults_from"] == "calibrated on held-out variants, 2026-11-29, 17 points"
    assert found.facts["hyperparameters"]["learning_rate"] == 0.02 and set(found.facts["space"]) == set(found.space)
    assert find_submission("muon").facts["defaults_from"] == "the paper's"
    assert find_submission("muon").calibrated is None


def test_a_pair_has_the_entry_of_its_optimizer_and_the_space_of_its_schedule(lion):
    found = find_submission("lion+wsd")
    assert found.defaults["learning_rate"] == 0.02 and found.defaults["decay"] == "linear"
    assert set(found.space) == {"learning_rate", "beta1", *find_submission("wsd").space}
    assert found.facts["defaults_from"] == find_submission("lion").facts["defaults_from"]
    assert found.content_hash != find_submission("lion:defaults=paper+wsd").content_hash


def test_the_papers_defaults_stay_raceable_under_a_name_of_their_own(lion):
    paper, without = find_submission("lion:defaults=paper"), find_submission("lion", calibrated=False)
    assert paper.name == canonical_name("lion: defaults = paper") == "lion:defaults=paper"
    assert paper.defaults == without.defaults == dict(find_optimizer("lion").defaults)
    assert paper.content_hash == without.content_hash and paper.given == {}
    assert paper.facts["defaults_from"] == "the paper's" and paper.space["learning_rate"] == LogUniform(3e-5, 3e-2)
    both = make_plan(Request(suite="smoke", submissions=("lion:defaults=paper+rex", "lion+rex"), track="self-tuning"))
    assert len({spec.id for spec in both.trials}) == len(both.trials) == 6
    mixed = find_submission("lion:beta1=0.5,defaults=paper")
    assert mixed.given == {"beta1": 0.5} and mixed.name == "lion:beta1=0.5,defaults=paper"


def test_values_that_the_user_sets_come_before_calibrated_ones(lion):
    found = find_submission("lion:learning_rate=0.5")
    assert found.facts["hyperparameters"]["learning_rate"] == 0.5 and "learning_rate" not in found.facts["space"]
    trial = make_plan(Request(suite="smoke", submissions=("lion:learning_rate=0.5+rex",), track="self-tuning")).trials[0]
    filled, _ = full_hyperparameters(trial, find_submission(trial.submission), find_workload("digits_mlp", "smoke"))
    assert (filled.learning_rate, filled.beta2) == (0.5, 0.98)


@pytest.mark.parametrize("name", ["lion+rex", "sam"])
def test_a_trial_trains_with_the_calibrated_defaults(name, tmp_path, monkeypatch):
    own = name.partition("+")[0]
    write(tmp_path / "c.json", {own: entry(own, {"learning_rate": 0.03, "weight_decay": 0.2})}, monkeypatch)
    trial = make_plan(Request(suite="smoke", submissions=(name,), track="self-tuning")).trials[0]
    filled, _ = full_hyperparameters(trial, find_submission(trial.source or name), find_workload("digits_mlp", "smoke"))
    assert (filled.learning_rate, filled.weight_decay) == (0.03, 0.2)
    assert filled.beta1 == find_submission(name, calibrated=False).defaults["beta1"]


def test_an_entry_changes_the_ids_of_its_own_submission_only(tmp_path, monkeypatch):
    names = ("adamw+cosine", "lion+cosine", "lion:defaults=paper+cosine", "sam", "torch.optim.Adagrad+cosine")

    def ids() -> dict[str, set[str]]:
        trials = make_plan(Request(suite="smoke", submissions=names, track="external", studies=1)).trials
        return {name: {spec.id for spec in trials if spec.submission == name} for name in names}

    write(tmp_path / "none.json", {}, monkeypatch)
    before = ids()
    path = write(tmp_path / "c.json", {"lion": entry("lion", {"beta2": 0.98})}, monkeypatch)
    first = ids()
    assert {name for name in names if before[name] & first[name]} == {*names} - {"lion+cosine"}
    write(path, {"lion": entry("lion", {"beta2": 0.97})}, monkeypatch)
    assert not ids()["lion+cosine"] & first["lion+cosine"]
    write(path, {"lion": entry("lion", {"beta2": 0.98}, date="2030-01-01", points=3, machine="another")}, monkeypatch)
    assert ids() == first  # where an entry comes from changes no trial


def test_schedules_and_rulers_do_not_depend_on_entries(tmp_path, monkeypatch):
    workload = find_workload("digits_mlp", "smoke", "tanh")

    def seen() -> list[object]:
        plan._versions.cache_clear()
        planned = make_plan(Request(suite="laptop", studies=1, submissions=("rex",), track="schedule"))
        trial = make_plan(Request(suite="smoke", studies=1, submissions=("rex",), track="schedule")).trials[0]
        filled, _ = full_hyperparameters(trial, find_submission("rex"), find_workload("digits_mlp", "smoke"))
        recipes = [find_optimizer(name).defaults for name in OPTIMIZERS]
        rulers = [(spec.id, spec.submission) for spec in ruler_trials(workload, VARIANT)]
        return [[spec.id for spec in planned.trials], dict(filled), recipes, rulers, workload_hash(workload)]

    write(tmp_path / "none.json", {}, monkeypatch)
    before = seen()
    entries = {name: entry(name, {"learning_rate": 0.5, "epsilon": 0.1, "clip": 1.0}) for name in OPTIMIZERS}
    write(tmp_path / "c.json", entries, monkeypatch)
    assert find_submission("nadamw").defaults["clip"] == 1.0
    assert seen() == before


def test_a_trial_that_must_not_depend_on_entries_says_so_to_the_worker(tmp_path, monkeypatch):
    workload = find_workload("digits_mlp", "smoke")
    write(tmp_path / "c.json", {"nadamw": entry("nadamw", {"epsilon": 0.1})}, monkeypatch)
    spec = trial_of(workload, Configuration("nadamw+cosine", {"learning_rate": 0.1}), RULER, 1, 0, 0)
    there = find_submission(spec.source)
    assert spec.submission == "nadamw+cosine" and there.content_hash == spec.submission_hash
    assert full_hyperparameters(spec, there, workload)[0].epsilon == 1e-8


def test_an_entry_of_an_earlier_source_is_used_as_far_as_it_fits_and_says_so(tmp_path, monkeypatch, capsys):
    from harness.cli.app import run_app

    space = {"gone": RATES, "learning_rate": RATES}
    old = entry("lion", {"gone": 1, "learning_rate": 0.02}, space, content_hash="older")
    write(tmp_path / "c.json", {"lion": old}, monkeypatch)
    found = find_submission("lion")
    assert found.defaults["learning_rate"] == 0.02 and "gone" not in found.defaults and set(found.space) == {"learning_rate"}
    words = "calibrated on held-out variants, 2026-11-29, 17 points, of an earlier version of its source"
    assert found.facts["defaults_from"] == words
    run_app(["doctor"])
    out = capsys.readouterr().out
    assert re.search(r"calibrated +1 of \d+ optimizers and procedures\n +of an earlier source: lion; `timetrial", out)


def test_a_plugin_of_the_users_own_has_no_entry(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from harness import optimizer\n@optimizer(defaults={'learning_rate': 0.5})\ndef mine(model, hyperparameters):\n"
        "    import torch\n    return torch.optim.SGD(model.parameters(), lr=hyperparameters.learning_rate)\n"
    )
    monkeypatch.chdir(tmp_path)
    other = {**entry("lion", {"learning_rate": 0.1}), "content_hash": find_submission("./mine.py").content_hash}
    write(tmp_path / "c.json", {"mine": other}, monkeypatch)
    found = find_submission("./mine.py")
    assert found.calibrated is None and found.defaults["learning_rate"] == 0.5
    assert found.facts["defaults_from"] == "its file's"
    assert find_submission("torch.optim.Adagrad").facts["defaults_from"] == "the library's"
    assert find_submission("rex").facts["defaults_from"] == ""


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"lion": 1}',
        '{"lion": {}}',
        '{"lion": {"defaults": {}, "space": {"beta1": {"distribution": "Normal"}}, "date": "", "points": 1}}',
        '{"lion": {"defaults": {}, "space": {"beta1": {"distribution": "Uniform", "low": 2, "high": 1}}}}',
        '{"lion": {"defaults": 3, "space": {}, "date": "", "points": 1, "content_hash": ""}}',
        b"\xff".decode("latin1"),
    ],
)
def test_a_damaged_file_is_named_in_one_line_and_concerns_no_schedule(text, tmp_path, monkeypatch):
    path = write(tmp_path / "c.json", text, monkeypatch)
    with pytest.raises(BadInput, match=re.escape(f"{path} is damaged (")) as error:
        find_submission("lion")
    assert "\n" not in str(error.value)
    assert find_submission("rex").schedule is not None
    assert find_submission("lion:defaults=paper").optimizer is find_submission("lion", calibrated=False).optimizer
    listed = {submission.name: submission.facts for submission in all_submissions()}
    assert "is damaged" in listed["lion"]["broken"] and "broken" not in listed["rex"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("adamw:defaults=mine+cosine", "'adamw:defaults=mine': defaults cannot be 'mine': write defaults=paper for the"),
        ("rex:defaults=paper", "'rex:defaults=paper': the defaults of a schedule are always the declared ones: write rex"),
        ("adamw+rex:defaults=paper", "the defaults of a schedule are always the declared ones: write adamw:defaults=paper+rex"),
        ("adamw:beta1=0.5+rex:defaults=paper", "write adamw:beta1=0.5,defaults=paper+rex"),
    ],
)
def test_only_the_papers_defaults_of_optimizers_and_procedures_can_be_chosen(name, line):
    with pytest.raises(BadInput, match=re.escape(line)):
        find_submission(name)


def test_every_entry_that_is_installed_belongs_to_a_builtin_plugin_and_fits_it():
    entries = calibrated.read_entries(calibrated.FILE)
    assert list(entries) == sorted(entries)
    for name, content in entries.items():
        found, declared = find_submission(name), find_submission(name, calibrated=False)
        assert found.calibrated is not None and found.kind in ("optimizer", "procedure")
        assert set(content["defaults"]) <= set(declared.defaults) and set(content["space"]) <= set(content["defaults"])
        for key, item in found.space.items():
            if isinstance(item, Choice):
                assert found.defaults[key] in item.options

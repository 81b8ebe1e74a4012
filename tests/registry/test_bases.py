"""Wrappers: an optimizer over another one, whose hyperparameters, space and calibration become the wrapper's."""

from __future__ import annotations

import re

import pytest

from harness import plan
from harness.cli.app import run_app
from harness.contracts.errors import BadInput, ContractError
from harness.contracts.optimizers import optimizer
from harness.contracts.spaces import LogUniform, Uniform
from harness.plan import Request, make_plan
from harness.registry import all_submissions, canonical_name, find_optimizer, find_submission, find_workload
from harness.targets.calibration import subject_of
from harness.trial.setup import full_hyperparameters
from tests.registry.entries import entry, write

MINE = """
from harness import optimizer
@optimizer(wraps="{base}", defaults={{"factor": 2.0}})
def mine({arguments}):
    "Mine."
    return base
"""


@pytest.fixture(autouse=True)
def no_entries(tmp_path, monkeypatch):
    write(tmp_path / "none.json", {}, monkeypatch)


def test_a_wrapper_has_the_hyperparameters_and_the_space_of_its_base_and_its_own():
    lion, found = find_submission("lion"), find_submission("cautious:base=lion,beta1=0.8+cosine")
    assert found.name == "cautious:base=lion,beta1=0.8+cosine" == canonical_name("cautious: beta1=.80, base=lion+cosine")
    assert found.given == {"base": "lion", "beta1": 0.8}
    own = {"cautious_decay": False, "base": "lion"}
    assert {key: found.defaults[key] for key in (*lion.defaults, *own)} == {**lion.defaults, **own}
    assert {*found.space} == {*lion.space, "cautious_decay", "floor"}
    assert found.optimizer.function is find_submission("cautious").optimizer.function
    assert find_submission("cautious").defaults["epsilon"] == find_submission("adamw").defaults["epsilon"]


def test_every_base_gives_other_trials_and_both_sources_count():
    names = ("cautious+rex", "cautious:base=adamw+rex", "cautious:base=lion+rex", "ema:base=lion+rex", "lion+rex")
    hashes = [find_submission(name).content_hash for name in names]
    assert len(set(hashes)) == 4 and hashes[0] == hashes[1]  # the same plug-ins, under two names
    assert {path.name for path in find_submission(names[2]).files} >= {"cautious.py", "_cautious.py", "lion.py", "rex.py"}
    assert set(find_submission(names[2]).libraries) == {"torch", "pytorch_optimizer"}
    trials = make_plan(Request(suite="smoke", submissions=names, track="self-tuning", studies=1)).trials
    assert len({spec.id for spec in trials}) == 5
    there = {spec.submission: find_submission(spec.source or spec.submission) for spec in trials}
    assert all(there[spec.submission].content_hash == spec.submission_hash for spec in trials)


def test_a_trial_trains_the_base_with_the_hyperparameters_that_are_set():
    trial = make_plan(Request(suite="smoke", submissions=("ema:base=sgd,momentum=0.5,span=1+rex",), track="external")).trials[0]
    assert trial.given == {"base": "sgd", "momentum": 0.5, "span": 1.0} and "nesterov" in trial.hyperparameters
    workload = find_workload("digits_mlp", "smoke")
    filled, _ = full_hyperparameters(trial, find_submission(trial.submission), workload)
    made = find_submission(trial.submission).optimizer(workload.build_model(), filled)
    assert type(made.base).__name__ == "SGD" and made.param_groups[0]["momentum"] == 0.5
    assert made.param_groups[0] is made.base.param_groups[0]


def test_a_wrapper_takes_the_calibration_of_its_base(tmp_path, monkeypatch):
    space = {"learning_rate": {"distribution": "LogUniform", "low": 0.01, "high": 0.05}}
    before = find_submission("cautious+rex").content_hash, find_submission("cautious:base=lion+rex").content_hash
    write(tmp_path / "c.json", {"lion": entry("lion", {"learning_rate": 0.02}, space)}, monkeypatch)
    found, paper = find_submission("ema:base=lion"), find_submission("ema:base=lion,defaults=paper")
    assert found.defaults["learning_rate"] == 0.02 and found.defaults["span"] == 0.025
    assert found.space == {"learning_rate": LogUniform(0.01, 0.05), "span": LogUniform(0.005, 0.2)}
    assert found.facts["defaults_from"] == "those of 'lion', calibrated on held-out variants, 2026-11-29, 17 points"
    assert paper.defaults["learning_rate"] == 1e-4 and paper.space["beta1"] == Uniform(0.85, 0.97)
    after = find_submission("cautious+rex").content_hash, find_submission("cautious:base=lion+rex").content_hash
    assert before[0] == after[0] and before[1] != after[1]
    plan._versions.cache_clear()
    without = find_submission("ema:base=lion", calibrated=False)
    assert without.source == paper.name and without.content_hash == paper.content_hash


def test_doctor_counts_what_can_be_calibrated_and_a_wrapper_is_not(capsys):
    run_app(["doctor"])
    able = [s for s in all_submissions() if s.kind != "schedule" and not s.wraps]
    assert re.search(rf"calibrated +0 of {len(able)} optimizers", capsys.readouterr().out)
    with pytest.raises(BadInput, match=r"'ema:base=lion' has the defaults .* of the optimizer that it wraps: calibrate lion"):
        subject_of("ema:base=lion+linear")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ema:base=lyon", "wraps no other, not 'lyon'; did you mean 'lion'?"),
        ("ema:base=lawa+cosine", "'ema:base=lawa': base must be an optimizer that comes with timetrial and wraps no other"),
        ("cautious:base=cosine", "wraps no other, not 'cosine'; known: "),
        ("cautious:base=sam", "wraps no other, not 'sam'"),
        ("cautious:base=torch.optim.Adam", "wraps no other, not 'torch.optim.Adam'"),
        ("cautious:base=1", "wraps no other, not '1'"),
        ("cautious:base=sgd,beta1=0.9", "'cautious' has no hyperparameter 'beta1'"),
        ("adamw:base=lion", "'adamw' has no hyperparameter 'base'"),
        ("ema+cosine:base=lion", "has no hyperparameter 'base', but 'ema' has: write ema:base=lion+cosine"),
    ],
)
def test_a_base_that_cannot_be_wrapped_is_one_line(name, line):
    with pytest.raises(BadInput, match=re.escape(line)) as error:
        find_submission(name)
    assert "\n" not in str(error.value)


def test_a_wrapper_in_a_file_of_ones_own_wraps_a_built_in_optimizer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE.format(base="sgd", arguments="base, hyperparameters"))
    write(tmp_path / "c.json", {"sgd": entry("sgd", {"momentum": 0.7})}, monkeypatch)
    found = find_submission("./mine.py:base=sgd+rex")
    assert found.defaults["momentum"] == 0.7 and found.defaults["factor"] == 2.0
    paper = find_submission("./mine.py", calibrated=False)
    assert paper.defaults["momentum"] == 0.9 and find_submission(paper.source).content_hash == paper.content_hash
    (tmp_path / "mine.py").write_text(MINE.format(base="sdg", arguments="base, hyperparameters"))
    with pytest.raises(BadInput, match="not 'sdg'; did you mean 'sgd'"):
        find_submission("./mine.py")


def test_a_wrapper_that_keeps_its_contract_only_in_part_is_refused():
    with pytest.raises(ContractError, match=r"must be def mine\(base, hyperparameters\), not \(model, hyperparameters\)"):

        @optimizer(wraps="adamw", defaults={})
        def mine(model, hyperparameters):
            return model

    @optimizer(wraps="adamw", defaults={"beta1": 0.5})
    def other(base, hyperparameters):
        return base

    with pytest.raises(ContractError, match=r"'other' .* and its base 'adamw' both have a hyperparameter 'beta1': rename one"):
        other.over(find_optimizer("adamw"))
    with pytest.raises(ContractError, match="wraps another optimizer: look it up by its name, or call its over"):
        other(None, {})

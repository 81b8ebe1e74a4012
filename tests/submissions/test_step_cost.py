"""The table of what an optimizer's step costs, and its measurement on one workload."""

from __future__ import annotations

import json

import pytest
import torch

from harness.contracts.errors import BadInput
from harness.plan import Request, make_plan
from tests.benchmarks.step_cost import PAGE, STORE, Loop, chosen, merged, page, tensors
from workloads.data import data_directory


def test_the_table_is_that_of_the_stored_measurement():
    stored = json.loads(STORE.read_text(encoding="utf-8"))
    assert page(stored["results"], stored["about"]) in PAGE.read_text(encoding="utf-8")


def test_a_measurement_elsewhere_is_not_mixed_with_the_stored_one():
    about = {"machine_type": "m", "versions": {}, "rounds": 3}
    old = {"about": about, "results": {"census_dlrm": {"a": 1, "b": 1}}}
    assert merged(old, about, {"census_dlrm": {"b": 2}})["results"]["census_dlrm"] == {"a": 1, "b": 2}
    with pytest.raises(BadInput, match="elsewhere"):
        merged(old, {**about, "machine_type": "other"}, {})


def test_adamw_holds_two_parameters_each_and_its_step_is_a_part_of_a_training_step():
    (adamw,) = chosen(["adamw"])
    plan = make_plan(Request(suite="smoke", submissions=("adamw",), workloads=("digits_mlp",), track="self-tuning", studies=1))
    (workload,) = plan.workloads.values()
    loop = Loop(adamw, plan, workload.load(data_directory()))
    whole, optimizer = loop.steps(2)
    assert 0 < optimizer < whole and loop.state() == pytest.approx(2, abs=0.1)
    assert len(list(tensors({"a": [torch.ones(1)], "b": (1, {"c": torch.ones(2)})}))) == 2

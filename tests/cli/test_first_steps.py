"""`run` lets libraries' optimizers take two steps on each of its models before a worker starts."""

from __future__ import annotations

import pytest
import torch

from harness import BadInput
from harness.cli.running import first_steps
from harness.cli.running.first_steps import check_first_steps
from harness.plan import Request, make_plan
from tests.execution.commands import timetrial
from workloads.data import data_directory


def plan(*names):
    return make_plan(Request(suite="smoke", submissions=names, studies=1, trials=1))


class OnlySmall(torch.optim.SGD):
    """Trains matrices of at most 30 elements."""

    def step(self, closure=None):
        if any(p.numel() > 30 for group in self.param_groups for p in group["params"]):
            raise ValueError("too large")
        return super().step(closure)


def test_a_class_that_fails_on_a_workloads_model_is_one_line_before_a_worker_starts(monkeypatch):
    monkeypatch.setattr(torch.optim, "OnlySmall", OnlySmall, raising=False)
    with pytest.raises(BadInput) as caught:
        check_first_steps(plan("torch.optim.OnlySmall+cosine"), data_directory())
    text = str(caught.value)
    assert text.startswith("'torch.optim.OnlySmall+cosine' does not train workload 'digits_mlp' (ValueError: too large): name")
    assert "\n" not in text


def test_what_a_large_model_or_absent_data_hides_is_left_to_the_trials(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.optim, "OnlySmall", OnlySmall, raising=False)
    monkeypatch.setattr(first_steps, "LARGEST", 100)
    check_first_steps(plan("torch.optim.OnlySmall+cosine"), data_directory())


def test_classes_that_train_and_other_submissions_pass():
    check_first_steps(plan("torch.optim.Adagrad+cosine", "pytorch_optimizer.EmoNavi", "adamw+rex"), data_directory())


def test_the_command_checks_it(tmp_path):
    done = timetrial("run", "--suite", "smoke", "-s", "torch.optim.Adagrad+cosine", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr

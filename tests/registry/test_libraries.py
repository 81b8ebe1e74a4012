"""Every class of the libraries either runs, or is refused in one line when it is named."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
import torch

from harness import BadInput
from harness.contracts.schedules import checked_multiplier
from harness.plan import Request, make_plan
from harness.registry import find_schedule, find_submission
from harness.registry.libraries import SCHEDULERS, all_rows, library_classes
from tests.toy import run_record
from workloads.data import data_directory

torch.set_num_threads(1)
EVERY_OPTIMIZER = [row.name for row in all_rows().values() if row.kind == "optimizer"]
EVERY_SCHEDULER = [f"{module}.{key}" for module in SCHEDULERS for key in library_classes(module)]
DOZEN = (
    "torch.optim.AdamW",
    "torch.optim.RMSprop",
    "torch.optim.Adafactor",
    "pytorch_optimizer.ScheduleFreeSGD",
    "pytorch_optimizer.SPlus",
    "pytorch_optimizer.Lamb",
    "pytorch_optimizer.SOAP",
    "pytorch_optimizer.Prodigy",
    "pytorch_optimizer.AdaHessian",
    "pytorch_optimizer.LOMO",
    "pytorch_optimizer.A2Grad",
    "pytorch_optimizer.SpectralSphere",
)


def refused(name):
    with pytest.raises(BadInput) as caught:
        find_submission(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def runs_or_is_refused(name):
    """Run two trials of an optimizer on the smoke suite's workload; return the line by which it is refused, else ""."""
    try:
        find_submission(f"{name}+constant")
    except BadInput as error:
        text = str(error)
        assert name in text and "\n" not in text and len(text) < 500, text
        assert "timetrial new" not in text
        return text
    plan = make_plan(Request(suite="smoke", submissions=(f"{name}+constant",), studies=1, trials=2))
    workload = plan.workloads["digits_mlp"]
    data = workload.load(data_directory())
    assert len(plan.trials) == 2
    for spec in plan.trials:
        record = run_record(spec, workload, find_submission(f"{name}+constant"), data)
        assert record.status in ("reached", "missed", "diverged"), (name, record.reason)
    return ""


def test_a_dozen_optimizers_run_or_are_refused_in_one_line():
    lines = {name: runs_or_is_refused(name) for name in DOZEN}
    assert [name for name, line in lines.items() if line] == list(DOZEN[-4:])


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY_OPTIMIZER)
def test_every_optimizer_runs_or_is_refused_in_one_line(name):
    runs_or_is_refused(name)


@pytest.mark.slow
def test_most_optimizers_run():
    assert len(EVERY_OPTIMIZER) > 140
    usable = [name for name in EVERY_OPTIMIZER if not _line(name)]
    assert len(usable) > 110


def _line(name):
    try:
        find_submission(name)
    except BadInput as error:
        return str(error)
    return ""


PROCEDURE = "write a TrainingAlgorithm, whose update() does all of a step, as the built-in 'sam' does"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("torch.optim.LBFGS", f"needs a closure that computes the loss again, several times per step: {PROCEDURE}"),
        ("torch.optim.SparseAdam", "takes sparse gradients only, and no workload's are: use torch.optim.Adam"),
        ("torch.optim.Muon", "takes matrices only, and the model has other parameters too: use the built-in 'muon'"),
        (
            "pytorch_optimizer.SAM",
            "needs a closure that computes the gradient again, and an optimizer to wrap: use the built-in",
        ),
        ("pytorch_optimizer.LOMO", "needs the model, and steps inside of the backward pass: write a TrainingAlgorithm"),
        ("pytorch_optimizer.Lookahead", "needs an optimizer to wrap: write a recipe"),
        ("pytorch_optimizer.A2Grad", f"has no learning rate that a schedule could set: {PROCEDURE}"),
        (
            "pytorch_optimizer.AdaHessian",
            "needs the graph of the gradient, which the harness's step does not keep: write a Tra",
        ),
        ("pytorch_optimizer.ASGD", "sets its learning rate itself, from how far weights and gradients moved"),
        ("torch.optim.SGD:nesterov=true", "does not train a small model with these values (ValueError: Nesterov momentum requ"),
        ("torch.optim.Adam:beta1=2", "with these values (ValueError: Invalid beta parameter at index 0: 2.0): set others"),
    ],
)
def test_an_optimizer_that_would_fail_in_every_trial_is_refused_when_it_is_named(name, says):
    text = refused(f"{name}+cosine")
    assert name in text and says in text and "timetrial new" not in text


def test_a_setting_may_be_what_makes_an_optimizer_train():
    assert find_submission("torch.optim.SGD:nesterov=true,momentum=0.9").given == {"nesterov": True, "momentum": 0.9}


def test_a_closure_that_only_some_steps_need_is_found_by_trying(monkeypatch):
    class Asks(torch.optim.SGD):
        """Needs its closure, which has a default all the same."""

        def step(self, closure=None):
            if closure is None:
                raise RuntimeError("no closure")
            assert isinstance(closure(), float)

    Asks.__init__.__doc__ = ""
    monkeypatch.setattr(torch.optim, "Asks", Asks, raising=False)
    assert f"needs a closure that returns the loss, and the harness's step passes none: {PROCEDURE}" in refused(
        "torch.optim.Asks"
    )


def test_trying_an_optimizer_leaves_the_process_as_it_was(monkeypatch, capsys):
    class Meddles(torch.optim.SGD):
        """Touches all that a process has one of."""

        steps = 0

        def step(self, closure=None):
            super().step(closure)
            self.steps += 1
            torch.rand(3), random.random(), np.random.rand()
            torch.set_default_dtype(torch.float64)
            torch.set_num_threads(torch.get_num_threads() + 1)
            torch.set_grad_enabled(self.steps == 1)
            warnings.simplefilter("error")
            print("stepped")

    monkeypatch.setattr(torch.optim, "Meddles", Meddles, raising=False)

    def state():
        return (
            torch.get_rng_state().tolist(),
            random.getstate(),
            np.random.get_state()[1].tolist(),
            (torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled(), list(warnings.filters)),
        )

    before = state()
    assert find_submission("torch.optim.Meddles").optimizer is not None
    assert state() == before and capsys.readouterr() == ("", "")


def test_an_optimizer_is_tried_once_in_a_process(monkeypatch):
    tries = []

    class Counts(torch.optim.SGD):
        """Counts its steps."""

        def step(self, closure=None):
            tries.append(1)
            super().step(closure)

    monkeypatch.setattr(torch.optim, "Counts", Counts, raising=False)
    for _ in range(3):
        find_submission("torch.optim.Counts+cosine")
    assert len(tries) == 2
    find_submission("torch.optim.Counts:momentum=0.9+cosine")
    assert len(tries) == 4


@pytest.mark.parametrize("name", EVERY_SCHEDULER)
def test_every_scheduler_is_drawn_and_run_or_refused_in_one_line(name):
    try:
        drawn = find_schedule(name)
    except BadInput as error:
        text = str(error)
        assert text.startswith(f"'{name}' ") and "\n" not in text and "timetrial new" not in text
        assert (
            "write a schedule, a function of step and horizon with @schedule" in text
            or "use the built-in" in text
            or "=VALUE" in text
        )
        assert refused(f"adamw+{name}") == text
        return
    for horizon in (2, 3, 10, 333):
        for step, value in enumerate(drawn.curve(horizon)):
            assert checked_multiplier(drawn, value, step) == value
    plan = make_plan(Request(suite="smoke", submissions=(name,), studies=1, trials=1))
    workload, spec = plan.workloads["digits_mlp"], plan.trials[-1]
    record = run_record(spec, workload, find_submission(name), workload.load(data_directory()))
    assert record.status in ("reached", "missed"), record.reason
    batch = workload.size.batch_size
    steps, warmup = spec.horizon // batch, spec.warmup // batch
    shape, peak = drawn.curve(steps - warmup), spec.hyperparameters["learning_rate"]
    rates = {round(step): rate for step, _, rate in record.learning_rates}
    assert all(rates[step] == pytest.approx(peak * shape[step - warmup - 1]) for step in rates if step > warmup)


@pytest.mark.parametrize("typed", ["ChainedSchedulr", "SequentialLr", "ReduceLROnPlato", "MultiplicativLR", "LambdLR", "zzz"])
def test_a_scheduler_that_is_refused_is_never_offered(typed):
    text = refused(f"torch.optim.lr_scheduler.{typed}")
    offered = text.partition("; ")[2]
    never = [row.name.rpartition(".")[2] for row in all_rows().values() if row.kind == "schedule" and not row.races]
    only_here = [key for key in never if not all_rows().get(f"torch.optim.lr_scheduler.{key}", _ABSENT).races]
    assert offered and not [key for key in only_here if f"'{key}'" in offered or f" {key}" in offered], text


_ABSENT = all_rows()["torch.optim.lr_scheduler.LambdaLR"]


def test_an_optimizer_that_is_refused_is_never_offered():
    assert "did you mean 'LBFGS'" not in refused("torch.optim.LBFGSS") and "LBFGS," not in refused("torch.optim.LBFGSS")
    assert "did you mean 'torch.optim.Adagrad'?" in refused("torch.optim.Adagard+rex")
    assert "AdaHessian" not in refused("pytorch_optimizer.AdaHessain").partition("; ")[2]

"""Every optimizer with a reference: ten steps as its formula has them, and what a trial asks of an optimizer."""

from __future__ import annotations

import ast
import copy
import inspect
import math

import pytest
import torch

from tests.submissions.conformance.net import KINDS
from tests.submissions.conformance.rows import NAMES, STEPS, TOLERANCE, Row, distance, reference_of, reference_weights

torch.set_num_threads(1)
SCHEDULED = [name for name in NAMES if not getattr(reference_of(name), "PROCEDURE", False)]


def row(name, schedule="linear", steps=0, **keywords):
    """Return a row that the reference's module describes, on its way to its horizon."""
    module = reference_of(name)
    typed = f"{name}+{schedule}" if name in SCHEDULED else name
    return Row(typed, steps or getattr(module, "STEPS", STEPS), getattr(module, "HYPERPARAMETERS", {}), **keywords)


def linear(name, steps):
    """Return the multiples that a row's steps have under `+linear`; a procedure sets its own rates."""
    return [1 - step / steps for step in range(steps)] if name in SCHEDULED else [1.0] * steps


@pytest.mark.parametrize("channels_last", [False, True], ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("name", NAMES)
def test_its_steps_are_those_of_the_formula(name, channels_last):
    module = reference_of(name)
    steps = getattr(module, "STEPS", STEPS)
    ours = row(name, channels_last=channels_last)
    start = ours.weights()
    got = ours.train(steps)
    expected = reference_weights(name, ours, linear(name, steps))
    assert set(expected) == set(got)
    tolerance = getattr(module, "TOLERANCE", TOLERANCE)
    assert distance(got, expected, start) <= tolerance, {
        key: distance({key: got[key]}, {key: expected[key]}, {key: start[key]}) for key in start
    }
    uphill = {key: 2 * start[key] - expected[key] for key in start}
    assert distance(got, uphill, start) > 100 * tolerance  # as a wrong sign would have it


@pytest.mark.parametrize("name", NAMES)
def test_its_reference_is_independent(name):
    tree = ast.parse(inspect.getsource(reference_of(name)))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    allowed = ("torch", "math", "__future__", "collections", "tests.submissions.conformance")
    assert not [module for module in imported if not module.startswith(allowed) or module.startswith("torch.optim")]


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_row_goes_on_to_the_last_bit(name):
    straight, resumed = row(name), row(name)
    straight.train(6)
    saved = copy.deepcopy((straight.task.model.state_dict(), straight.algorithm.state_dict()))
    charged = straight.meter.thirds
    expected = straight.train(4)
    resumed.task.model.load_state_dict(saved[0])
    resumed.algorithm.load_state_dict(saved[1])
    resumed.meter.charge(charged, 1)
    resumed.steps = 6
    got = resumed.train(4)
    assert all(torch.equal(got[key], expected[key]) for key in expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_with_zero_gradients_and_a_parameter_without_one_leave_finite_weights(name):
    ours = row(name)
    for parameter in ours.task.model.parameters():
        parameter.register_hook(lambda gradient: 0 * gradient)
    ours.task.model.embedding.weight.requires_grad_(False)
    still = ours.task.model.embedding.weight.detach().clone()
    after = ours.train(3)
    assert all(torch.isfinite(value).all() for value in after.values())
    assert torch.equal(after["embedding.weight"], still)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_that_is_not_finite_raises_nothing(name, bad):
    ours = row(name)
    ours.train(2)
    handle = ours.task.model.first.weight.register_hook(lambda gradient: gradient * bad)
    ours.train(1)
    handle.remove()


@pytest.mark.parametrize("name", SCHEDULED)
def test_it_hears_its_schedule_in_every_group(name):
    constant, falling = row(name, "constant"), row(name, "linear")
    a, b = constant.train(STEPS), falling.train(STEPS)
    assert any(not torch.equal(a[key], b[key]) for key in KINDS)
    steps = falling.task.horizon // falling.task.batch_size
    peak = falling.rates[0]
    assert falling.rates == pytest.approx([peak * (1 - step / steps) for step in range(STEPS)], rel=1e-6)
    assert constant.rates == pytest.approx([peak] * STEPS, rel=1e-6)
    peaks = [group["lr"] for group in row(name).optimizer.param_groups]
    last = [group["lr"] for group in falling.optimizer.param_groups]
    assert last == pytest.approx([peak * (1 - (STEPS - 1) / steps) for peak in peaks], rel=1e-6)

"""Every optimizer with a reference: ten steps as its formula has them, and what a trial asks of an optimizer."""

from __future__ import annotations

import ast
import copy
import inspect
import math
from functools import cache

import pytest
import torch

from tests.submissions.conformance.rows import NAMES, STEPS, TOLERANCE, Row, distance, reference_of, reference_weights

torch.set_num_threads(1)
SCHEDULED = [name for name in NAMES if not getattr(reference_of(name), "PROCEDURE", False)]
VARIED = [name for name in NAMES if hasattr(reference_of(name), "ALSO")]


def row(name, schedule="linear", steps=0, also=None, **keywords):
    """Return a row that the reference's module describes, on its way to its horizon, with other hyperparameters if given."""
    module = reference_of(name)
    typed = f"{name}+{schedule}" if name in SCHEDULED else name
    chosen = {**getattr(module, "HYPERPARAMETERS", {}), **(also or {})}
    return Row(typed, steps or getattr(module, "STEPS", STEPS), chosen, **keywords)


def linear(name, steps):
    """Return the multiples that a row's steps have under `+linear`; a procedure sets its own rates."""
    return [1 - step / steps for step in range(steps)] if name in SCHEDULED else [1.0] * steps


def tolerance(name):
    """Return the largest relative difference with which a row conforms."""
    return getattr(reference_of(name), "TOLERANCE", TOLERANCE)


@cache
def by_formula(name, varied=False):
    """Return the weights that a row's reference comes to, with its other settings if varied."""
    module = reference_of(name)
    steps = getattr(module, "STEPS", STEPS)
    return reference_weights(name, row(name, also=module.ALSO if varied else None), linear(name, steps))


def compared(name, ours, varied=False):
    """Return the largest relative difference of a row's steps from those of its reference, {parameter: difference}."""
    start = ours.weights()
    got, expected = ours.train(getattr(reference_of(name), "STEPS", STEPS)), by_formula(name, varied)
    assert set(expected) == set(got)
    return {key: distance({key: got[key]}, {key: expected[key]}, {key: start[key]}) for key in start}


@pytest.mark.parametrize("channels_last", [False, True], ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("name", NAMES)
def test_its_steps_are_those_of_the_formula(name, channels_last):
    differences = compared(name, row(name, channels_last=channels_last))
    assert max(differences.values()) <= tolerance(name), differences


@pytest.mark.parametrize("name", VARIED)
def test_its_steps_are_those_of_the_formula_with_other_settings_too(name):
    also = reference_of(name).ALSO
    differences = compared(name, row(name, also=also), varied=True)
    assert max(differences.values()) <= tolerance(name), differences
    assert {key: row(name).hyperparameters[key] for key in also} != also


@pytest.mark.parametrize("name", NAMES)
def test_steps_along_the_gradient_in_place_of_against_it_are_not_those_of_the_formula(name):
    ours = row(name)
    for parameter in ours.task.model.parameters():
        parameter.register_hook(lambda gradient: -gradient)
    assert min(compared(name, ours).values()) > 100 * tolerance(name)


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
    assert not [key for key in a if torch.equal(a[key], b[key])]
    steps = falling.task.horizon // falling.task.batch_size
    peak = falling.rates[0]
    assert falling.rates == pytest.approx([peak * (1 - step / steps) for step in range(STEPS)], rel=1e-6)
    assert constant.rates == pytest.approx([peak] * STEPS, rel=1e-6)
    peaks = [group["lr"] for group in row(name).optimizer.param_groups]
    last = [group["lr"] for group in falling.optimizer.param_groups]
    assert last == pytest.approx([peak * (1 - (STEPS - 1) / steps) for peak in peaks], rel=1e-6)

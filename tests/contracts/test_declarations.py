"""Defaults and search spaces are checked when they are declared, and what is wrong is told in one line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness import Choice, ContractError, LogUniform, TrainingAlgorithm, Uniform, optimizer, schedule

BOUNDS = [
    (3, 0.1, "write {}(0.1, 3)"),
    (1.0, 1.0, "state the value as the default instead"),
    ("0.1", 3, "write 0.1"),
    (0.1, None, "must be numbers, not None"),
    (True, 3, "must be numbers, not True"),
    (np.float32(0.5), 3, "write 0.5"),
    (np.int64(1), 3, "write 1"),
    (0.1, math.inf, "must be finite"),
    (math.nan, 1.0, "must be finite"),
    (1, 10**400, "must be finite"),
    (1, 10**5000, "must be finite"),
    (0.1, [1], "must be numbers"),
    (1 + 0j, 2, "must be numbers"),
]


@pytest.mark.parametrize("kind", [Uniform, LogUniform])
@pytest.mark.parametrize(("low", "high", "says"), BOUNDS, ids=lambda value: str(type(value).__name__))
def test_bounds_are_finite_numbers_in_order(kind, low, high, says):
    with pytest.raises(ContractError) as told:
        kind(low, high)
    assert says.format(kind.__name__) in str(told.value) and len(str(told.value)) < 300


def test_a_logarithm_needs_positive_bounds_and_a_range_fits_into_a_float():
    for low in (0, -1.0):
        with pytest.raises(ContractError, match="above 0; write Uniform"):
            LogUniform(low, 1)
    with pytest.raises(ContractError, match="wider than the largest float"):
        Uniform(-1.7e308, 1.7e308)
    with pytest.raises(ContractError, match="at least one option"):
        Choice()
    assert Uniform(0, 2).at(0.5) == 1.0 and LogUniform(5e-324, 1.7e308).at(0.0) > 0


def as_schedule(default: Any, space: Any) -> None:
    def it(step, horizon, gamma=default):
        return 1.0

    schedule(space=space)(it)


def as_optimizer(default: Any, space: Any) -> None:
    def it(model, hyperparameters):
        raise NotImplementedError

    optimizer(defaults={"learning_rate": 0.1, "gamma": default}, space=space)(it)


def as_procedure(default: Any, space: Any) -> None:
    type("It", (TrainingAlgorithm,), {"update": lambda self, batch: None, "defaults": {"gamma": default}, "space": space})


WRONG = [
    (1.0, {"gamma": (0.1, 3)}, "write Uniform(0.1, 3), LogUniform(0.1, 3) or Choice(0.1, 3)"),
    (1.0, {"gamma": ["a", "b"]}, "write Choice('a', 'b')"),
    (1.0, {"gamma": 3}, "write Uniform(low, high)"),
    (1.0, {"gamma": Uniform}, "write Uniform(low, high)"),
    (1.0, {"gama": Uniform(0, 1)}, "did you mean 'gamma'?"),
    (1.0, {5: Uniform(0, 1)}, "no hyperparameter 5"),
    (1.0, ["gamma"], "space must be a mapping"),
    (1.0, "gamma", "space must be a mapping"),
    ("0.1", {"gamma": Uniform(0, 1)}, "the default '0.1', which is no number as Uniform needs; write 0.1"),
    (True, {"gamma": LogUniform(0.1, 1)}, "the default True, which is no number as LogUniform needs"),
    ([0.1], {"gamma": Uniform(0, 1)}, "which is no number"),
    ("c", {"gamma": Choice("a", "b")}, "has no gamma 'c'"),
    (1.0, {"gamma": Choice(1.0, math.inf)}, "cannot be inf"),
    (1.0, {"gamma": Choice(1.0, {1, 2})}, "cannot be a set"),
    (1.0, {"gamma": Choice(np.float32(0.5), 1.0)}, "write 0.5"),
    (np.float32(0.5), {}, "cannot be a float32 like this one: use a finite number, a string, True, False or None, or a list"),
    (np.bool_(True), {}, "write True"),
    (2**63, {}, "cannot be a int"),
    (math.nan, {}, "cannot be nan"),
    pytest.param(object(), {}, "cannot be a object", id="object"),
]


@pytest.mark.parametrize("declare", [as_schedule, as_optimizer, as_procedure])
@pytest.mark.parametrize(("default", "space", "says"), WRONG, ids=lambda value: repr(value)[:40])
def test_a_wrong_declaration_is_one_line_that_says_what_to_write(declare, default, space, says):
    with pytest.raises(ContractError) as told:
        declare(default, space)
    assert says in str(told.value) and "\n" not in str(told.value) and len(str(told.value)) < 400


@pytest.mark.parametrize("declare", [as_schedule, as_optimizer, as_procedure])
@pytest.mark.parametrize(
    ("default", "space"),
    [
        (1, {"gamma": Uniform(0.1, 3)}),
        (5.0, {"gamma": Uniform(0.1, 3)}),
        (None, {"gamma": LogUniform(0.1, 3)}),
        (np.float64(0.5), {"gamma": Uniform(0, 1)}),
        (3, {"gamma": Choice(1, 2)}),
        (False, {"gamma": Choice(True)}),
        ("a", {"gamma": Choice("a", "b")}),
        ([1, 2], {}),
    ],
    ids=repr,
)
def test_what_means_something_is_taken(declare, default, space):
    declare(default, space)


@pytest.mark.parametrize("defaults", [None, ["learning_rate"], "learning_rate", {5: 1.0}, {"learning rate": 1.0}, {"": 1.0}])
def test_defaults_are_a_mapping_with_names_that_can_be_typed(defaults):
    with pytest.raises(ContractError, match=r"defaults must be a mapping|cannot be called"):
        optimizer(defaults=defaults)(lambda model, hyperparameters: None)
    with pytest.raises(ContractError, match=r"defaults must be a mapping|cannot be called"):
        type("It", (TrainingAlgorithm,), {"update": lambda self, batch: None, "defaults": defaults})

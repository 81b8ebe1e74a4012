"""What a miss is charged is pinned: stated by the rules, or the baseline's cost of the budget in examples, or unknown."""

import math

import pandas as pd
import pytest

from harness.scoring import compare, score_board
from harness.scoring.budgets import pinned_budgets
from harness.scoring.rules import ScoringRules
from tests.scoring.frames import from_times, row

INF = math.inf


def test_the_budget_that_the_rules_state_counts_on_every_clock() -> None:
    trials = from_times({"a": {"w": [100, INF]}}, budget_seconds=77.0)
    assert pinned_budgets(trials, "seconds", "a").values == {"w": 77.0}
    assert pinned_budgets(trials, "examples", "nobody").values == {"w": 1000.0}
    assert pinned_budgets(trials, "steps", "a").values == {"w": 100.0}
    assert not pinned_budgets(trials, "seconds", "a").priced


@pytest.mark.parametrize("clock", ["seconds", "steps"])
def test_else_it_is_the_budget_in_examples_at_the_baselines_median_cost(clock: str) -> None:
    """Of the baseline's trials one ended at its target, two ran to the end, and one that was killed shows no cost."""
    spent = {"end_seconds": math.nan, "budget_steps": math.nan}
    trials = pd.DataFrame(
        [
            row("base", "w", 0, 0, [2, 0.5]) | spent | {f"end_{clock}": 200 * 3.0},
            row("base", "w", 1, 0, [2] * 10) | spent | {f"end_{clock}": 1000 * 5.0},
            row("base", "w", 2, 0, [2] * 10) | spent | {f"end_{clock}": 1000 * 4.0},
            row("base", "w", 3, 0, [2], status="killed") | spent | {f"end_{clock}": 100 * 90.0},
            row("slow", "w", 0, 0, [2] * 10) | spent | {f"end_{clock}": 1000 * 70.0},
        ]
    )
    found = pinned_budgets(trials, clock, "base")
    assert found.values == {"w": 4000.0} and found.priced == {"w": 1000.0}
    assert math.isnan(pinned_budgets(trials, clock, "absent").of("w"))


def test_records_that_state_different_budgets_have_none_unless_the_baseline_states_one() -> None:
    trials = pd.concat([from_times({"a": {"w": [100]}}, budget=900), from_times({"b": {"w": [100]}}, budget=800)])
    assert pinned_budgets(trials, "examples", "b").values == {"w": 800.0}
    assert math.isnan(pinned_budgets(trials, "examples", "c").of("w"))


def test_without_a_budget_in_seconds_there_is_no_speed_up_and_the_board_says_so() -> None:
    trials = from_times({"a": {"w": [100] * 3}, "b": {"w": [200, 200, INF]}})
    board = score_board(trials, ScoringRules("seconds", baseline="absent"))
    assert [(pair.ratio, pair.separable, pair.faster) for pair in board.pairs] == [(None, False, 1.0)]
    assert any("no budget in seconds on w" in note and "absent" in note for note in board.notes)
    assert not any("longest trial" in note for note in board.notes)
    priced = score_board(trials, ScoringRules("seconds", baseline="b"))
    assert priced.pairs[0].ratio == pytest.approx(math.exp((2 * math.log(2) + math.log(10)) / 3))
    assert any("cost per example of b" in note for note in priced.notes)


def test_a_comparison_of_two_without_the_baseline_charges_a_miss_at_the_second_ones_cost() -> None:
    trials = from_times({"a": {"w": [INF] * 3}, "b": {"w": [100, 200, 100]}})
    trials.loc[trials["submission"] == "a", "end_seconds"] *= 50
    found = compare(trials, "a", "b", clock="seconds")
    assert found.pair.ratio == pytest.approx((0.1 * 0.2 * 0.1) ** (1 / 3))
    assert any("cost per example of b" in note for note in found.notes)

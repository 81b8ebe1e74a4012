"""Time-to-target speed-ups: they depend on the two submissions and the baseline only, and say how much of them are misses."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.scoring import compare, score_board
from harness.scoring.board_parts import Pair
from harness.scoring.rules import ScoringRules
from tests.scoring.frames import from_times, row

INF = math.inf
time = st.one_of(st.just(INF), st.just(math.nan), st.integers(1, 1400).map(float))
studies = st.lists(time, min_size=3, max_size=3)
submission = st.fixed_dictionaries(dict.fromkeys(("v", "w", "x"), studies))


def pairs(trials: pd.DataFrame, clock: str) -> dict[tuple[str, str], Pair]:
    return {(p.a, p.b): p for p in score_board(trials, ScoringRules(clock, baseline="base")).pairs}


def costing(trials: pd.DataFrame, seconds: dict[str, float]) -> pd.DataFrame:
    """Return the trials with the given seconds per example, and other machines; the steps of the budget are unknown."""
    cost = trials["submission"].map(seconds).astype(float)
    trials = trials.assign(
        hit_seconds=trials["hit_examples"] * cost, end_seconds=trials["end_examples"] * cost, budget_steps=math.nan
    )
    return trials.assign(machine_type=trials["submission"].map(lambda name: "y" if name in ("b", "other") else "x"))


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys(("base", "a", "b"), submission)),
    submission,
    st.floats(0.1, 9.0),
    st.sampled_from(["examples", "seconds", "steps"]),
)
def test_a_further_submission_changes_no_number_of_any_pair(
    table: dict[str, dict[str, list[float]]], other: dict[str, list[float]], cost: float, clock: str
) -> None:
    costs = {"base": 1.0, "a": 0.5, "b": 2.0, "other": cost}
    before = pairs(costing(from_times(table), costs), clock)
    after = pairs(costing(from_times({**table, "other": {**other, "z": [5.0] * 3}}), costs), clock)
    for key, pair in before.items():
        for name in ("ratio", "low", "high", "p", "floor", "ceiling"):
            value, again = getattr(pair, name), getattr(after[key], name)
            assert again is None if value is None else math.isclose(again, value, rel_tol=1e-9, abs_tol=1e-300), name
        same = ("bound", "limited", "studies", "differing", "faster")
        assert [getattr(after[key], name) for name in same] == [getattr(pair, name) for name in same]


@settings(max_examples=40, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(("base", "a"), submission)))
def test_a_ratio_lies_between_its_floor_and_its_ceiling(table: dict[str, dict[str, list[float]]]) -> None:
    (pair,) = pairs(from_times(table), "examples").values()
    if pair.ratio is None:
        assert pair.floor is None and pair.studies == 0
    else:
        assert pair.floor is not None and pair.ceiling is not None
        assert pair.floor * (1 - 1e-12) <= pair.ratio <= pair.ceiling * (1 + 1e-12)
        assert 0 <= pair.limited <= pair.studies


def test_the_floor_is_what_a_submission_prints_that_never_reaches() -> None:
    theirs = {"v": [100, 200, INF], "w": [500, 900, 400]}
    found = compare(from_times({"a": {"v": [300] * 3, "w": [INF, 20, 30]}, "b": theirs}), "a", "b").pair
    never = compare(from_times({"a": {"v": [INF] * 3, "w": [INF] * 3}, "b": theirs}), "a", "b").pair
    assert found.floor == pytest.approx(never.ratio) == pytest.approx(never.floor)
    assert found.floor == pytest.approx(math.exp((math.log(0.1 * 0.2) / 3 + math.log(0.5 * 0.9 * 0.4) / 3) / 2))
    assert never.ceiling == pytest.approx(1)
    assert (found.limited, found.studies, found.bound) == (2, 6, "~") and (never.limited, never.studies) == (6, 6)


def test_a_comparison_says_at_most_how_many_missed_and_the_floor() -> None:
    trials = from_times({"a": {w: [100, 100, INF] for w in "uvwx"}, "b": {w: [200, 210, 220] for w in "uvwx"}})
    text = compare(trials, "a", "b").sentence
    assert text.startswith("b is at least 1.03 times as fast as a [")
    assert "a miss takes part in 4 of 12 studies, and had b never reached, the ratio would be 0.22." in text
    exact = compare(from_times({"a": {"w": [100, 110, 120]}, "b": {"w": [300, 310, 320]}}), "a", "b").sentence
    assert "at most" not in exact and "miss" not in exact


def test_a_pair_needs_four_workloads_on_which_either_reached() -> None:
    """`a` is twice as fast wherever there is a time at all."""
    spread = [1.0, 1.01, 0.99, 1.02, 0.98]

    def table(reached: int, width: int) -> pd.DataFrame:
        names = [f"w{k}" for k in range(width)]
        fast, slow = ([level * x for x in spread] for level in (100, 200))
        return from_times(
            {
                "a": {w: fast if k < reached else [INF] * 5 for k, w in enumerate(names)},
                "b": {w: slow if k < reached else [INF] * 5 for k, w in enumerate(names)},
            }
        )

    for reached, width, separable in ((3, 12, False), (4, 12, True), (3, 3, True), (2, 3, False)):
        trials = table(reached, width)
        alone, (pair,) = compare(trials, "a", "b"), score_board(trials, ScoringRules(baseline="a")).pairs
        assert (alone.pair.p or 1) < 0.01 and alone.pair.differing == reached
        assert (alone.pair.separable, pair.separable) == (separable, separable)
        assert (": separable" in alone.sentence) == separable
        assert separable or f"either reached on {reached} workloads only" in alone.sentence


def test_where_nothing_varies_there_is_no_interval_and_no_verdict() -> None:
    """Without curves the grid is unknown, and where neither reaches it does not matter."""
    trials = from_times({"a": {w: [100.0] * 3 for w in "uvwx"}, "b": {w: [100.0] * 3 for w in "uvwx"}})
    trials["curve"] = [{"examples": [], "metric": []}] * len(trials)
    trials["hit_index"] = -1
    trials["hit_examples"] = math.inf
    found = compare(trials, "a", "b")
    assert (found.pair.ratio, found.pair.low, found.pair.p, found.pair.separable) == (1.0, None, None, False)
    assert "studies that differ" in found.sentence


def test_the_grid_widens_an_interval_only_where_at_least_one_of_the_two_reached() -> None:
    """On `w` both reach at the third evaluation of each study; on `x` neither does, at the tenth."""
    reached = [row(s, "w", j, 0, [2] * 2 + [0.5]) for s in "ab" for j in range(3)]
    missed = [row(s, "x", j, 0, [2] * 10) for s in "ab" for j in range(3)]
    for trials, workloads in ((reached, 1), (reached + missed, 2)):
        p = compare(pd.DataFrame(trials), "a", "b").pair
        g = math.log(300 / 200)
        error = math.sqrt(g * g / (6 * 3)) / workloads
        assert p.high is not None and math.log(p.high) == pytest.approx(4.302653 * error, rel=1e-6)
    assert compare(pd.DataFrame(missed), "a", "b").pair.high is None


def test_a_workload_with_one_common_study_leaves_the_mean() -> None:
    x, y = [100.0, 110.0, 130.0], [200.0, 260.0, 300.0]
    alone = compare(from_times({"a": {"w": x}, "b": {"w": y}}), "a", "b").pair
    trials = from_times({"a": {"w": x, "v": [1.0, math.nan, math.nan]}, "b": {"w": y, "v": [1.0, 2.0, 3.0]}})
    more = compare(trials, "a", "b").pair
    assert (more.ratio, more.p, more.studies) == (alone.ratio, alone.p, 3)
    assert np.isfinite(more.workloads["v"].ratio or math.nan)

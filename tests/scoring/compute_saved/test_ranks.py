import math
from itertools import product

import numpy as np
import pandas as pd
import pytest

from harness.scoring.compute_saved.equivalent import equivalents
from harness.scoring.compute_saved.gains import gains
from harness.scoring.compute_saved.ranks import RankRange, drawn_values, multiplicities, rank_ranges
from harness.scoring.compute_saved.speedup import compared
from tests.scoring.compute_saved.gained import race, random_race, rulers_of


def draws(trials: pd.DataFrame, baseline: str = "b", count: int = 4000) -> dict[str, np.ndarray]:
    found = gains(equivalents(trials, rulers_of(trials), (1.0,)), "examples")
    everyone = np.arange(len(found.submissions))
    comparison = compared(found, everyone, np.full_like(everyone, found.submissions.index(baseline)))
    return dict(zip(found.submissions, drawn_values(found, comparison, count).T, strict=True))


def ranges(trials: pd.DataFrame, baseline: str = "b") -> dict[str, RankRange]:
    found = gains(equivalents(trials, rulers_of(trials), (1.0,)), "examples")
    everyone = np.arange(len(found.submissions))
    comparison = compared(found, everyone, np.full_like(everyone, found.submissions.index(baseline)))
    return dict(zip(found.submissions, rank_ranges(found, comparison, len(everyone)), strict=True))


def test_draws_vary_as_much_as_the_mean_of_studies_does() -> None:
    trials = race({"a": {"u": [0.1, 0.2, 0.6], "v": [0.0, 0.1, 0.2]}, "b": {"u": [0.0] * 3, "v": [0.0] * 3}})
    values = draws(trials)["a"]
    # Plain resampling has the variance (n - 1)/n^2; scaled, that of the mean: var/n of each workload, over W^2.
    error = math.sqrt((np.var([0.1, 0.2, 0.6], ddof=1) + 0.01) / 3) / 2
    assert values.mean() == pytest.approx(0.2, abs=0.01) and values.std() == pytest.approx(error, rel=0.05)


def test_draws_are_the_scaled_resamples_of_studies() -> None:
    d = np.array([0.1, 0.2, 0.6])
    possible = {round(0.3 + math.sqrt(1.5) * (np.mean(d[list(pick)]) - 0.3), 9) for pick in product(range(3), repeat=3)}
    found = draws(race({"a": {"u": d.tolist()}, "b": {"u": [0.0] * 3}}))["a"]
    assert {round(value, 9) for value in found} == possible


def test_all_submissions_are_resampled_together() -> None:
    values = draws(race({"a": {"u": [0.1, 0.2, 0.6]}, "b": {"u": [0.0] * 3}, "c": {"u": [0.2, 0.3, 0.7]}}))
    assert np.allclose(values["c"] - values["a"], 0.1)


def test_other_machine_types_are_resampled_apart() -> None:
    trials = race({"a": {"u": [0.1, 0.2, 0.6]}, "b": {"u": [0.0, 0.1, 0.5]}, "c": {"u": [0.1, 0.2, 0.6]}})
    trials["machine_type"] = np.where(trials.submission == "a", "y", "x")
    values = draws(trials)
    assert values["c"].std() == pytest.approx(0, abs=1e-12)
    assert values["a"].std() == pytest.approx(math.sqrt(2 * np.var([0.1, 0.2, 0.6], ddof=1) / 3), rel=0.05)


def test_a_rank_range_holds_every_order_that_the_studies_allow() -> None:
    trials = race(
        {"a": {"u": [0.1, 0.9, 0.1]}, "b": {"u": [0.0] * 3}, "c": {"u": [0.3, 0.31, 0.3]}, "d": {"u": [-1.0, -1.0, -1.2]}}
    )
    assert ranges(trials) == {
        "a": RankRange(1, 1, 2),
        "b": RankRange(3, 3, 3),
        "c": RankRange(2, 1, 2),
        "d": RankRange(4, 4, 4),
    }


def test_equal_submissions_share_their_rank() -> None:
    found = ranges(race({"a": {"u": [0.1, 0.2, 0.3]}, "b": {"u": [0.0] * 3}, "c": {"u": [0.1, 0.2, 0.3]}}))
    assert found["a"] == found["c"] == RankRange(1, 1, 1) and found["b"].rank == 3


@pytest.mark.parametrize("studies", [1, 2])
def test_with_fewer_than_three_studies_any_rank_is_possible(studies: int) -> None:
    found = ranges(race({"a": {"u": [0.5] * studies}, "b": {"u": [0.0] * studies}, "c": {"u": [0.1] * studies}}))
    assert [(r.low, r.high) for r in found.values()] == [(1, 3)] * 3 and found["a"].rank == 1


def test_where_nothing_varies_there_is_no_interval_and_any_rank_is_possible() -> None:
    found = ranges(race({"a": {"u": [0.5] * 3}, "b": {"u": [0.0] * 3}, "c": {"u": [0.1, 0.2, 0.1]}}))
    assert found == {"a": RankRange(1, 1, 3), "b": RankRange(3, 3, 3), "c": RankRange(2, 2, 2)}


def test_a_submission_without_a_common_workload_comes_last_and_may_be_anywhere() -> None:
    found = ranges(race({"a": {"v": [0.5] * 3}, "b": {"u": [0.0] * 3}, "c": {"u": [0.1, 0.2, 0.1]}}))
    assert found["a"] == RankRange(3, 1, 3) and found["c"] == RankRange(1, 1, 1)


def test_every_range_holds_the_observed_rank() -> None:
    trials = random_race(np.random.default_rng(0), 8, 3, 3, horizons=(1.0,))
    assert all(r.low <= r.rank <= r.high for r in ranges(trials, "s0").values())


def test_draws_are_the_same_for_the_same_studies_and_independent_between_workloads() -> None:
    assert (multiplicities(("u", ""), 3, 50) == multiplicities(("u", ""), 3, 50)).all()
    assert (multiplicities(("u", ""), 3, 50) != multiplicities(("v", ""), 3, 50)).any()
    assert (multiplicities(("u", ""), 5, 50).sum(axis=1) == 5).all()

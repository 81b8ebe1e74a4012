import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from harness.scoring.compute_saved.equivalent import equivalents
from harness.scoring.compute_saved.gains import gains
from harness.scoring.compute_saved.pairs import SpeedUpPair, all_pairs, speed_up_pairs
from harness.scoring.compute_saved.speedup import speed_ups
from harness.scoring.intervals import holm, wilson
from tests.scoring.compute_saved.gained import race, random_race, rulers_of

STUDIES = ([0.30, 0.31, 0.29], [0.20, 0.21, 0.22], [0.25, 0.27, 0.26], [0.30, 0.32, 0.31], [0.2, 0.21, 0.19])


def pairs(trials: pd.DataFrame, horizons: tuple[float, ...] = (1.0,)) -> dict[tuple[str, str], SpeedUpPair]:
    found = gains(equivalents(trials, rulers_of(trials), horizons), "examples")
    return {(pair.a, pair.b): pair for pair in all_pairs(found)}


def board(differing: int, workloads: int) -> SpeedUpPair:
    """Return a pair that clearly differs on some of its workloads and is equal on the others."""
    own = {f"w{k}": list(STUDIES[k]) if k < differing else [0.0] * 3 for k in range(workloads)}
    return pairs(race({"a": own, "b": {w: [0.0] * 3 for w in own}}))["a", "b"]


@pytest.mark.parametrize(
    ("differing", "workloads", "separable"),
    [(3, 5, False), (4, 5, True), (3, 4, False), (3, 3, True), (2, 3, False), (1, 1, True)],
)
def test_a_pair_is_separable_only_if_it_differs_on_four_workloads_or_on_all_of_fewer(
    differing: int, workloads: int, separable: bool
) -> None:
    pair = board(differing, workloads)
    assert pair.p is not None and pair.p < 0.01 and pair.differing == differing
    assert pair.separable == separable


def test_a_difference_of_rounding_is_none() -> None:
    own = {f"w{k}": list(STUDIES[k]) if k < 3 else [1e-13, 0.0, 0.0] for k in range(4)}
    assert not pairs(race({"a": own, "b": {w: [0.0] * 3 for w in own}}))["a", "b"].separable


def test_a_constant_difference_is_not_separable_because_nothing_is_known_of_its_variance() -> None:
    pair = pairs(race({"a": {f"w{k}": [0.2] * 3 for k in range(5)}, "b": {f"w{k}": [0.0] * 3 for k in range(5)}}))["a", "b"]
    assert pair.p is None and not pair.separable and pair.speed_up.ratio == pytest.approx(math.exp(0.2))


def test_p_values_are_adjusted_over_all_pairs_of_the_board() -> None:
    trials = random_race(np.random.default_rng(1), 5, 6, 3)
    found = pairs(trials, (0.5, 1.0))
    assert list(found) == list(combinations(["s0", "s1", "s2", "s3", "s4"], 2))
    assert [p.p_holm for p in found.values()] == pytest.approx(holm([p.p for p in found.values()]))


def test_a_pair_is_the_speed_up_over_the_other_as_baseline() -> None:
    trials = random_race(np.random.default_rng(2), 3, 5, 4)
    found = gains(equivalents(trials, rulers_of(trials), (0.5, 1.0)), "examples")
    against = {row.submission: row for row in speed_ups(found, "s2")}
    pair = next(p for p in all_pairs(found) if (p.a, p.b) == ("s0", "s2"))
    assert repr(pair.speed_up) == repr(against["s0"])


def test_a_pair_alone_is_unadjusted() -> None:
    trials = random_race(np.random.default_rng(1), 3, 6, 3)
    found = gains(equivalents(trials, rulers_of(trials), (0.5, 1.0)), "examples")
    (pair,) = speed_up_pairs(found, [(0, 2)])
    assert (pair.a, pair.b) == ("s0", "s2") and pair.p == pair.p_holm


def test_the_share_of_studies_in_which_one_is_better_counts_ties_half() -> None:
    pair = pairs(race({"a": {"u": [0.2, 0.1, -0.1], "v": [0.0, 0.3, 0.3]}, "b": {"u": [0.1, 0.1, 0.0], "v": [0.0, 0.0, 0.0]}}))[
        "a", "b"
    ]
    # u: better, equal, worse; v: equal, better, better.
    assert pair.wins == {"u": (1, 1, 1), "v": (2, 0, 1)}
    assert pair.better == pytest.approx((3 + 2 / 2) / 6) and pair.better_interval == pytest.approx(wilson(4 / 6, 6))


def test_unpaired_studies_all_meet() -> None:
    trials = race({"a": {"u": [0.2, 0.1]}, "b": {"u": [0.0, 0.15, 0.1]}})
    trials["machine_type"] = trials.submission
    pair = pairs(trials)["a", "b"]
    # .2 beats all three, .1 beats .0, loses to .15, equals .1.
    assert pair.wins == {"u": (4, 1, 1)} and pair.better == pytest.approx(4.5 / 6)
    assert pair.better_interval == pytest.approx(wilson(4.5 / 6, 2))


def test_pairs_without_a_common_study_know_nothing() -> None:
    pair = pairs(race({"a": {"u": [0.1] * 3}, "b": {"v": [0.1] * 3}}))["a", "b"]
    assert (pair.p, pair.better, pair.better_interval, pair.separable, pair.speed_up.ratio) == (None, None, None, False, None)


def test_one_submission_makes_no_pairs() -> None:
    assert pairs(race({"a": {"u": [0.1] * 3}})) == {}


def test_p_without_one_is_the_largest_with_any_one_workload_left_out() -> None:
    trials = random_race(np.random.default_rng(5), 2, 5, 4)
    whole = pairs(trials, (0.5, 1.0))["s0", "s1"]
    left = [pairs(trials[trials.workload != f"w{k}"], (0.5, 1.0))["s0", "s1"] for k in range(5)]
    turned = [np.sign(p.speed_up.estimate.value) != np.sign(whole.speed_up.estimate.value) for p in left]
    assert whole.p_without_one == pytest.approx(max(1.0 if t else p.p for p, t in zip(left, turned, strict=True)))


@pytest.mark.parametrize(("workloads", "separable"), [(4, True), (5, False), (6, False)])
def test_a_pair_that_one_workload_decides_is_not_separable_unless_too_few_would_remain(workloads: int, separable: bool) -> None:
    own = {f"w{k}": [1.0, 1.01, 0.99] if k == 2 else [0.01, -0.02, 0.01] for k in range(workloads)}
    pair = pairs(race({"a": own, "b": {w: [0.0] * 3 for w in own}}))["a", "b"]
    assert pair.significant and pair.p is not None and pair.p < 0.001
    assert pair.p_without_one == pytest.approx(1.0) and pair.decisive == "w2"
    assert (pair.separable, pair.rests_on) == (separable, "" if separable else "w2")


def test_a_pair_that_is_not_significant_rests_on_nothing() -> None:
    own = {"w0": [1.0, -0.8, 0.9], **{f"w{k}": [0.01, -0.02, 0.01] for k in range(1, 5)}}
    pair = pairs(race({"a": own, "b": {w: [0.0] * 3 for w in own}}))["a", "b"]
    assert pair.p_holm is not None and pair.p_holm > 0.05
    assert (pair.separable, pair.rests_on, pair.decisive) == (False, "", "w0")


def test_without_the_only_workload_that_varies_nothing_is_left_to_test() -> None:
    assert board(1, 1).p_without_one == 1.0

"""Where submissions stand beside the ruler: the quality at the end of each horizon, and the budget that is worth it."""

import math

import pandas as pd
import pytest

from harness.scoring.compute_saved import quality_points

from .gained import race, rulers_of, trial


def points(trials, horizons=(1.0,), **more):
    return quality_points(trials, rulers_of(trials), horizons, **more)


def test_a_point_is_the_median_study_and_the_budget_at_which_the_ruler_reaches_it():
    (point,) = points(race({"fast": {"w": [0.1, 0.3, 0.2]}}))
    assert (point.submission, point.workload, point.horizon, point.studies, point.bound) == ("fast", "w", 1.0, 3, "")
    assert point.spent == pytest.approx(1.0)
    assert point.metric == pytest.approx(-0.2) and point.equivalent == pytest.approx(math.exp(0.2))


def test_in_a_study_the_trial_that_gains_most_counts_of_as_many_as_the_baseline_has():
    rows = [trial("fast", "w", 0, k, gain) for k, gain in enumerate((0.1, 0.4, 0.8))]
    rows += [trial("cosine", "w", 0, k, 0.0) for k in range(2)]
    best = {p.submission: p for p in points(pd.DataFrame(rows))}
    assert best["fast"].equivalent == pytest.approx(math.exp(0.8))
    equal = {p.submission: p for p in points(pd.DataFrame(rows), baseline="cosine")}
    assert equal["fast"].equivalent == pytest.approx(math.exp(0.4)) and equal["cosine"].equivalent == pytest.approx(1.0)


def test_every_horizon_has_its_own_point():
    trials = pd.concat([race({"fast": {"w": [gain]}}, horizon=h).assign(trial=k) for k, (h, gain) in enumerate(GAINS.items())])
    found = {p.horizon: p for p in points(trials, tuple(GAINS))}
    assert {h: p.equivalent for h, p in found.items()} == pytest.approx({h: h * math.exp(g) for h, g in GAINS.items()})


GAINS = {0.5: 0.2, 1.0: -0.1}


def test_beyond_the_ends_of_the_ruler_a_point_has_the_sign_of_its_limit():
    (above,) = points(race({"s": {"w": [2.0] * 3}}))
    assert above.bound == "≥" and above.equivalent == pytest.approx(3.0)
    (below,) = points(race({"s": {"w": [-3.0] * 3}}))
    assert below.bound == "≤" and below.equivalent == pytest.approx(1 / 8) and below.metric == pytest.approx(3.0)


def test_where_most_trials_broke_off_there_is_no_metric_and_the_least_budget():
    (point,) = points(race({"s": {"w": [math.nan, math.nan, 0.1]}}))
    assert math.isnan(point.metric) and point.bound == "≤" and point.equivalent == pytest.approx(1 / 8)


def test_a_submission_whose_studies_are_all_absent_has_no_point():
    assert points(race({"s": {"w": [0.1]}}, status="killed")) == ()

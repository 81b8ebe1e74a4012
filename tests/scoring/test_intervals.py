import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.scoring.intervals import detectable, holm, median_interval, order_statistics, satterthwaite, wilson


@pytest.mark.parametrize("n", range(6, 26))
def test_order_statistics_cover_the_median_with_95_percent_and_no_narrower_pair_does(n: int) -> None:
    low, high = order_statistics(n)
    assert 1 <= low < high <= n
    assert stats.binom.cdf(high - 1, n, 0.5) - stats.binom.cdf(low - 1, n, 0.5) >= 0.95
    span = high - low - 1
    best = max(stats.binom.cdf(a + span - 1, n, 0.5) - stats.binom.cdf(a - 1, n, 0.5) for a in range(1, n - span + 1))
    assert best < 0.95 or span == 0


@given(st.lists(st.floats(1, 100), min_size=2, max_size=5))
def test_up_to_five_studies_a_range_is_never_called_95_percent(times: list[float]) -> None:
    low, high, level = median_interval(times)
    assert (low, high) == (min(times), max(times)) and level == f"range of {len(times)} studies"


@given(st.integers(0, 40), st.integers(1, 40))
def test_wilson_agrees_with_scipy(k: int, n: int) -> None:
    k = min(k, n)
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert wilson(k / n, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(p: list[float]) -> None:
    adjusted = [q for q in holm(p) if q is not None]
    assert all(q >= x for q, x in zip(adjusted, p, strict=True)) and max(adjusted) <= 1
    order = sorted(range(len(p)), key=lambda i: p[i])
    assert all(adjusted[a] <= adjusted[b] for a, b in itertools.pairwise(order))


def test_one_workload_gives_the_textbook_t_interval() -> None:
    d = np.array([0.1, 0.3, 0.2, 0.5])
    estimate = satterthwaite(float(d.mean()), np.array([d.var(ddof=1) / 4]), np.array([3.0]), 1.0)
    theirs = stats.ttest_1samp(d, 0)
    assert estimate.p == pytest.approx(theirs.pvalue)
    assert estimate.interval() == pytest.approx(tuple(theirs.confidence_interval()))


def test_equal_variances_add_their_degrees_of_freedom() -> None:
    assert satterthwaite(0.0, np.full(4, 0.2), np.full(4, 2.0), 0.25).freedom == pytest.approx(8)


def test_parts_without_variance_contribute_none_and_an_unknown_variance_gives_no_interval() -> None:
    assert satterthwaite(0.5, np.zeros(3), np.full(3, 2.0), 1 / 3).interval() == (0.5, 0.5)
    assert satterthwaite(0.5, np.array([0.1, math.nan]), np.full(2, 2.0), 0.5).interval() is None


def test_a_detectable_ratio_is_detected_with_80_percent_power() -> None:
    n, level = 6, 0.05
    shift = detectable(1 / math.sqrt(n), n - 1, level)
    samples = np.random.default_rng(0).normal(shift, 1, (20_000, n))
    assert np.mean(stats.ttest_1samp(samples, 0, axis=1).pvalue <= level) == pytest.approx(0.80, abs=0.015)

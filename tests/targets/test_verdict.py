"""Curves to targets and verdicts, on curves whose answers are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets.verdict import (
    best_by,
    first_hit,
    hit_time,
    is_valley,
    moved,
    response,
    share_held,
    share_reached,
    steadiness,
    target_of,
    verdict,
)

CLOCK = np.arange(1, 21) * 5.0


def curve(*values):
    return CLOCK[: len(values)], np.array(values, float)


def falling(end, start=2.0):
    """A straight fall from `start` (at clock 0) to `end` (at clock 100)."""
    return CLOCK, start + (end - start) * CLOCK / 100


def test_the_target_is_the_median_over_seeds_of_the_best_value_by_the_clock():
    curves = [falling(end) for end in (1.0, 0.5, 0.0)]
    assert target_of(curves, 75.0) == pytest.approx(2 - 1.5 * 0.75, rel=1e-3)
    assert best_by(falling(1.0), 75.0) == pytest.approx(1.25)


def test_the_best_value_counts_not_the_last():
    assert best_by(curve(3, 1, 2), 15.0) == 1


def test_a_seed_that_diverged_early_counts_as_infinitely_bad_and_half_of_them_give_no_target():
    nothing = (np.array([]), np.array([]))
    assert target_of([falling(1.0), falling(1.0), nothing], 75.0) == pytest.approx(1.25)
    with pytest.raises(ValueError, match="diverged"):
        target_of([falling(1.0), nothing], 75.0)


def test_a_hit_is_the_first_evaluation_that_meets_the_target():
    assert first_hit(curve(3, 1, 2, 1), 1.0) == 1
    assert hit_time(curve(3, 1, 2, 1), 1.0) == 10.0
    assert hit_time(curve(3, 2), 1.0) == math.inf


@given(st.lists(st.floats(0.1, 1.5), min_size=2, max_size=9), st.floats(0.2, 1.9))
def test_a_lower_target_is_never_reached_sooner_or_by_more(ends, target):
    curves = [falling(end) for end in ends]
    assert all(hit_time(c, target) <= hit_time(c, target * 0.9) for c in curves)
    assert share_reached(curves, target) >= share_reached(curves, target * 0.9)


def test_the_move_is_measured_both_ways_on_the_median():
    # It falls by 0.05 an evaluation; the trivial value is 1 away from the target, so the nudge is 0.01.
    steep = [falling(1.0)] * 3
    assert moved(steep, 1.27, 2.27) == 0.0
    assert moved(steep, 1.2501, 2.2501) == pytest.approx(5 / 75)
    # A curve that stops short of the nudged target has no time there.
    assert moved([falling(1.2499)] * 3, 1.25, 2.25) == math.inf


def test_a_flat_curve_moves_much():
    flat = (CLOCK, 1.3 - 0.001 * CLOCK)
    assert moved([flat] * 3, 1.25, 2.25) == pytest.approx(0.2)
    assert moved([(CLOCK, 1.275 - 0.0005 * CLOCK)] * 3, 1.25, 2.25) > 0.25


def test_a_first_hit_holds_when_the_mean_of_the_next_two_meets_the_target():
    held, lost = curve(2, 1, 1.1, 0.9), curve(2, 1, 1.1, 1.1)
    assert share_held([held, lost], 1.0) == 0.5


def test_hits_too_late_for_two_more_evaluations_say_nothing():
    assert share_held([curve(2, 1, 0.5, 0.5), curve(2, 2, 1, 9)], 1.0) == 1.0
    assert math.isnan(share_held([curve(2, 2, 1, 9)], 1.0))


def test_a_valley_has_its_best_near_one_and_worse_edges():
    assert is_valley({0.1: 3.0, 1.0: 1.0, 10.0: 2.0})
    assert not is_valley({0.1: 0.5, 1.0: 1.0, 10.0: 2.0})
    assert not is_valley({0.1: 1.0, 1.0: 1.0, 10.0: 2.0})
    assert response({1.0: [falling(1.0), falling(0.5), falling(0.9)]}) == {1.0: pytest.approx(0.9)}


def test_a_good_target_passes_every_check_and_each_flaw_fails_its_own():
    fresh = [falling(end) for end in np.linspace(0.95, 1.05, 20)]
    bad = [falling(1.9)] * 5
    rates = {0.1: bad, 0.3: [falling(1.4)] * 5, 3.0: [falling(1.4)] * 5, 10.0: bad}

    def failed(fresh=fresh, rates=rates, target=1.25, trivial=2.0):
        return {name for name, check in verdict(fresh, rates, target, trivial).items() if not check.passed}

    assert failed() == set()
    assert failed(fresh=[*fresh[:18], *[falling(1.9)] * 2]) == {"reached"}
    assert failed(rates={**rates, 0.1: [falling(1.0)] * 2 + bad[:3]}) == {"too_small"}
    assert failed(rates={**rates, 10.0: [falling(1.0)] * 2 + bad[:3]}) == {"too_large"}
    assert failed(rates={**rates, 3.0: [falling(0.9)] * 5, 10.0: [falling(1.9)] * 5}) == set()
    assert failed(target=1.06, trivial=8.06) >= {"moved"}
    wobbling = [(c, np.where(np.arange(20) % 3 == 0, v, v + 0.3)) for c, v in fresh]
    assert "held" in failed(fresh=wobbling)


def test_a_straight_fall_is_steady_and_a_fall_that_dips_every_third_time_is_not():
    straight = [falling(end) for end in (1.0, 0.9, 0.8)]
    assert steadiness(straight, 100.0) == 1
    dipping = [(clock, values - 0.5 * (np.arange(20) % 3 == shift)) for shift, (clock, values) in enumerate(straight)]
    assert steadiness(dipping, 100.0) < 0.5
    assert math.isnan(steadiness([(np.array([]), np.array([]))], 100.0))

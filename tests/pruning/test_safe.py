"""Pruning stops only what can no longer be the fastest of its study."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.pruning import (
    Best,
    Limit,
    best_of,
    evidence_stands,
    faster,
    forecast,
    out_of_reach,
    stop_from_json,
    stop_to_json,
    tighter,
)
from tests.test_records import RECORD, SPEC

hits = st.lists(st.one_of(st.none(), st.integers(1, 8).map(lambda k: 100.0 * k)), min_size=1, max_size=6)


def _record(trial, hit, status="reached"):
    evaluations = tuple(
        {"examples": 100.0 * k, "seconds": k / 7, "steps": 10.0 * k, "metric": 0.1 if hit and 100 * k >= hit else 0.9}
        for k in range(1, 9)
    )
    return replace(RECORD, spec=replace(SPEC, trial=trial), status=status, evaluations=evaluations)


@given(hits, st.data())
def test_the_winner_is_never_pruned_in_whatever_order_trials_run(times, data):
    """Simulate a race in a random order with a random interleaving: the study's best is as without pruning."""
    records = [_record(i, hit) for i, hit in enumerate(times)]
    expected = best_of(records, "examples")
    best, at = None, [0] * len(times)
    running = set(range(len(times)))
    while running:
        i = data.draw(st.sampled_from(sorted(running)))
        upcoming = 100.0 * (at[i] + 1)
        if at[i] == 8 or out_of_reach(best, i, upcoming):
            running.discard(i)
            continue
        at[i] += 1
        if times[i] is not None and upcoming >= times[i]:
            best = faster(best, Best(upcoming, i, records[i].spec.id))
            running.discard(i)
    assert best == expected


def test_of_equal_times_the_lower_index_is_the_best():
    assert best_of([_record(2, 300), _record(1, 300)], "examples").trial == 1


def test_a_pruned_record_stands_only_with_its_evidence():
    beater = _record(0, 300)
    pruned = replace(_record(1, None, "pruned"), beater={"id": beater.spec.id, "time": 300.0})
    assert evidence_stands(pruned, beater, "examples")
    assert not evidence_stands(pruned, None, "examples")
    assert not evidence_stands(pruned, _record(0, 500), "examples")
    assert not evidence_stands(pruned, _record(0, None), "examples")


def test_what_stops_a_trial_survives_the_way_to_a_worker():
    for stop in (None, Best(300.0, 1, "abc"), Limit(40.0, True, "4 times the fastest median")):
        assert stop_from_json(stop_to_json(stop)) == stop


def test_of_a_best_and_a_limit_the_earlier_one_stops_and_of_equal_ones_the_safe_one():
    best = Best(300.0, 1, "abc")
    assert tighter(best, None) == tighter(best, Limit(300.0, False, "x")) == best
    assert tighter(best, Limit(299.0, False, "x")).time == 299


def test_a_limit_is_strict_or_not():
    assert Limit(40.0, False, "x").stops(0, 40.0) and not Limit(40.0, True, "x").stops(0, 40.0)
    assert Limit(40.0, True, "x").stops(0, 40.1) and not Limit(40.0, False, "x").stops(0, 39.9)


FLAT = [2.0 - 0.01 * k for k in range(20)]


def _forecast(values, *, rates=(1.0, 0.5), target=1.0, lower=True, end=2000.0):
    examples = [100.0 * (k + 1) for k in range(len(values))]
    return forecast(examples, values, [(0, 0, rate) for rate in rates], target=target, lower_is_better=lower, end=end)


def test_a_flat_curve_far_from_its_target_is_given_up_in_words():
    assert _forecast(FLAT[:12]).startswith("forecast: 1.73 at best")  # 1.89 less twice 0.08 x 800/800 of the last stretch


def test_nothing_is_forecast_too_early_or_while_the_rate_is_near_its_peak_or_unknown_or_where_values_are_not_finite():
    assert _forecast(FLAT[:9]) == ""
    assert (
        _forecast(FLAT[:12], rates=(1.0, 0.8)) == _forecast(FLAT[:12], rates=(0.0, 0.0)) == _forecast(FLAT[:12], rates=()) == ""
    )
    assert _forecast([*FLAT[:11], float("inf")]) == ""


def test_a_curve_that_falls_fast_enough_goes_on():
    assert _forecast([2.0 - 0.05 * k for k in range(12)]) == ""
    assert _forecast(FLAT[:12], target=1.8) == ""


@given(st.lists(st.floats(0, 10), min_size=6, max_size=19), st.floats(0, 10), st.floats(0, 10))
def test_an_easier_target_is_never_given_up_sooner_and_the_sign_of_the_metric_does_not_matter(values, a, b):
    hard, easy = sorted((a, b))
    assert not _forecast(values, target=easy) or _forecast(values, target=hard)
    mirrored = _forecast([-v for v in values], target=-hard, lower=False)
    assert bool(mirrored) == bool(_forecast(values, target=hard))

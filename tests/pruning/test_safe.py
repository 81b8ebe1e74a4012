"""The safe rule stops only trials that can no longer be the fastest of their study; stops and forecasts."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.pruning import (
    SCORE_ONLY,
    FastestTrial,
    ScoreLimit,
    earlier_stop,
    evidence_holds,
    faster,
    fastest_of,
    forecast,
    stop_from_json,
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
def test_the_fastest_trial_is_the_same_with_and_without_pruning_in_whatever_order_trials_run(times, data):
    """Simulate a race in a random order with a random interleaving."""
    records = [_record(i, hit) for i, hit in enumerate(times)]
    expected = fastest_of(records, "examples")
    fastest, at = None, [0] * len(times)
    running = set(range(len(times)))
    while running:
        i = data.draw(st.sampled_from(sorted(running)))
        upcoming = 100.0 * (at[i] + 1)
        if at[i] == 8 or (fastest is not None and fastest.stops(i, upcoming)):
            running.discard(i)
            continue
        at[i] += 1
        if times[i] is not None and upcoming >= times[i]:
            fastest = faster(fastest, FastestTrial(upcoming, i, records[i].spec.id))
            running.discard(i)
    assert fastest == expected


def test_of_equal_times_the_lower_index_is_the_fastest():
    assert fastest_of([_record(2, 300), _record(1, 300)], "examples").trial == 1


def test_a_pruned_record_is_justified_only_while_its_faster_trial_is_as_fast_as_it_says():
    beater = _record(0, 300)
    pruned = replace(_record(1, None, "pruned"), beater={"id": beater.spec.id, "time": 300.0})
    assert evidence_holds(pruned, beater, "examples")
    assert not evidence_holds(pruned, None, "examples")
    assert not evidence_holds(pruned, _record(0, 500), "examples")
    assert not evidence_holds(pruned, _record(0, None), "examples")


STOPS = (FastestTrial(300.0, 1, "abc"), ScoreLimit(40.0, True, "4 times the fastest median"))


def test_a_stop_survives_its_json_form():
    assert [stop_from_json(json.loads(json.dumps(stop.to_json()))) for stop in STOPS] == list(STOPS)


def test_a_stop_says_what_a_record_keeps_of_it():
    assert [(stop.kind, stop.evidence(320.0)) for stop in STOPS] == [
        ("", {"id": "abc", "time": 300.0}),
        (SCORE_ONLY, {"time": 40.0, "due": 320.0}),
    ]
    assert [stop.words("examples") for stop in STOPS] == [
        "trial 1 reached the target at 300 examples",
        "4 times the fastest median",
    ]


def test_of_two_stops_the_earlier_one_is_taken_and_of_equal_times_the_first():
    fastest = FastestTrial(300.0, 1, "abc")
    assert earlier_stop(fastest, None) == earlier_stop(fastest, ScoreLimit(300.0, False, "x")) == fastest
    assert earlier_stop(fastest, ScoreLimit(299.0, False, "x")).time == 299
    assert earlier_stop(None, fastest) == fastest and earlier_stop(None, None) is None


def test_a_strict_limit_lets_a_trial_go_on_that_is_due_exactly_then():
    assert ScoreLimit(40.0, False, "x").stops(0, 40.0) and not ScoreLimit(40.0, True, "x").stops(0, 40.0)
    assert ScoreLimit(40.0, True, "x").stops(0, 40.1) and not ScoreLimit(40.0, False, "x").stops(0, 39.9)


FLAT = [2.0 - 0.01 * k for k in range(20)]


def _forecast(values, *, rates=(1.0, 0.5), target=1.0, lower=True, end=2000.0):
    examples = [100.0 * (k + 1) for k in range(len(values))]
    return forecast(examples, values, [(0, 0, rate) for rate in rates], target=target, lower_is_better=lower, end=end)


def test_a_flat_curve_far_from_its_target_is_stopped_with_a_reason():
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
def test_an_easier_target_never_stops_a_trial_sooner_and_the_sign_of_the_metric_does_not_matter(values, a, b):
    hard, easy = sorted((a, b))
    assert not _forecast(values, target=easy) or _forecast(values, target=hard)
    mirrored = _forecast([-v for v in values], target=-hard, lower=False)
    assert bool(mirrored) == bool(_forecast(values, target=hard))

"""The safe rule stops only trials that can no longer be the fastest of their study."""

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

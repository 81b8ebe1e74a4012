"""Pruning stops only what can no longer be the fastest of its study."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.pruning import Best, best_of, evidence_stands, faster, out_of_reach
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

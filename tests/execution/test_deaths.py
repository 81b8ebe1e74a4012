"""What becomes of a trial whose worker died."""

from dataclasses import replace

import pytest

from harness.execution.dispatch.deaths import MOST_NODES, MOST_SHORTAGES, Cause, Death, Deaths
from harness.plan import Request, make_plan


@pytest.fixture(scope="module")
def specs():
    return make_plan(Request(suite="smoke", submissions=("linear",), studies=1)).trials


def test_a_trial_that_dies_twice_by_its_own_doing_is_recorded(specs):
    deaths = Deaths(None)
    (first,) = deaths.judge([Death(specs[0], Cause.OWN, "signal 9")])
    assert first.status is None and not first.alone
    (second,) = deaths.judge([Death(specs[0], Cause.OWN, "signal 9")])
    assert second.status == "killed" and second.reason == "its worker died twice (signal 9)"


def test_a_trial_over_its_memory_limit_twice_is_out_of_memory(specs):
    deaths = Deaths(None)
    verdicts = [deaths.judge([Death(specs[0], Cause.MEMORY)])[0] for _ in range(2)]
    assert [verdict.status for verdict in verdicts] == [None, "out-of-memory"]


def test_shortages_of_the_machine_do_not_count_until_there_are_many(specs):
    deaths = Deaths(None)
    deaths.judge([Death(specs[0], Cause.OWN)])
    verdicts = [deaths.judge([Death(specs[0], Cause.SHORTAGE), Death(specs[1], Cause.SHORTAGE)]) for _ in range(MOST_SHORTAGES)]
    assert [[verdict.status for verdict in both] for both in verdicts[:-1]] == [[None, None]] * (MOST_SHORTAGES - 1)
    assert {verdict.status for verdict in verdicts[-1]} == {"out-of-memory"}


def test_trials_that_die_together_are_run_again_alone_and_are_not_counted(specs):
    deaths = Deaths(None)
    verdicts = deaths.judge([Death(specs[0], Cause.OWN), Death(specs[1], Cause.OWN)])
    assert all(verdict.status is None and verdict.alone for verdict in verdicts)
    statuses = [deaths.judge([Death(specs[0], Cause.OWN)])[0].status for _ in range(2)]
    assert statuses == [None, "killed"]


def test_who_was_killed_for_its_time_is_a_timeout_at_once(specs):
    (verdict,) = Deaths(2.5).judge([Death(replace(specs[0]), Cause.LIMIT)])
    assert verdict.status == "timeout" and "2.5 s" in verdict.reason


def test_the_deaths_of_nodes_are_not_those_of_their_trials_until_one_kills_node_after_node(specs):
    deaths = Deaths(None)
    first = deaths.judge([Death(specs[0], Cause.NODE), Death(specs[1], Cause.NODE)])
    assert [(verdict.status, verdict.alone) for verdict in first] == [(None, False)] * 2
    verdicts = [deaths.judge([Death(specs[0], Cause.NODE)])[0] for _ in range(MOST_NODES - 1)]
    assert [(verdict.status, verdict.alone) for verdict in verdicts] == [(None, True), ("killed", False)]

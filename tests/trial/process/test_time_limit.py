"""The limit of a trial counts from its start, over everything that is done for it."""

import time
from contextlib import suppress

import pytest

from harness.trial.process.limits import Limits
from harness.trial.process.time_limit import TrialTimeout, time_limit


def test_parts_of_a_trial_share_one_limit():
    limits = Limits(0.3, None, own_process=False)
    with limits.applied():
        time.sleep(0.25)
    assert limits.hit == ""
    began = time.monotonic()
    with pytest.raises(TrialTimeout, match=r"over the time limit of 0\.3 s"), limits.applied():
        time.sleep(60)
    assert time.monotonic() - began < 30
    assert limits.hit == "its time limit rang"


def test_a_limit_that_has_passed_already_rings_at_once():
    with pytest.raises(TrialTimeout), time_limit(1.0, end_process=False, passed=100.0):
        time.sleep(60)


def test_a_limit_beyond_all_clocks_is_no_error():
    with time_limit(1e300, end_process=False) as expired:
        assert expired == []


def test_a_limit_that_the_trial_caught_still_counts_as_hit():
    limits = Limits(0.1, None, own_process=False)
    with limits.applied(), suppress(TrialTimeout):
        time.sleep(60)
    assert limits.hit == "its time limit rang"

"""A record against a repetition: to the last bit on one machine type, within tolerance elsewhere."""

import math
from dataclasses import replace

import pytest

from harness.checking import Finding, Verdict, compared, mean_shift
from harness.checking.tolerance import LEAST_SHIFTS, TOLERANCE
from harness.records import Status, TrialRecord
from harness.scoring.ruler import ruler_of
from harness.scoring.ruler_checks import resolution
from tests.toy import spec

FINALS = {240: [0.8, 0.81, 0.79], 480: [0.6, 0.61, 0.59], 960: [0.4, 0.41, 0.39], 1920: [0.3, 0.31, 0.29]}
RULER = ruler_of("blobs", FINALS, budget=960)
CURVE = (0.9, 0.7, 0.5, 0.4)
SUBMISSION = {"kind": "schedule", "listens": []}


def record(curve=CURVE, machine="A", **changes):
    """Return a complete record of these metrics."""
    step = 960 // len(curve)
    evaluations = tuple(
        {"examples": step * (i + 1.0), "seconds": 0.1 * i, "steps": 15.0 * (i + 1), "metric": m} for i, m in enumerate(curve)
    )
    whole = TrialRecord(
        spec(),
        Status.MISSED,
        "best 0.4",
        complete=True,
        evaluations=evaluations,
        learning_rates=((1.0, 16.0, 0.01), (2.0, 32.0, 0.02)),
        clocks={"examples": 960.0, "steps": 60.0, "seconds": 1.0},
        environment={"machine_type": machine},
        facts={"workload": {"metric": "loss", "ruler": RULER.to_json()}, "submission": SUBMISSION},
    )
    return replace(whole, **changes)


def test_equal_trials_hold_to_the_last_bit_and_one_bit_is_a_difference():
    found = compared(record(), record())
    assert (found.verdict, found.exact, found.reason) == (Verdict.HOLDS, True, "missed again, 4 evaluations to the last bit")
    found = compared(record(), record(curve=(0.9, 0.7, math.nextafter(0.5, 1), 0.4)))
    assert found.verdict == Verdict.DIFFERS
    assert found.reason == "evaluation 3: metric 0.5 recorded, 0.5000000000000001 found"


def test_on_an_accelerator_other_bits_are_compared_within_tolerance():
    gpu = {"machine_type": "A GPU, torch 2", "device": "cuda"}
    other = record(curve=(0.9, 0.7, math.nextafter(0.5, 1), 0.4), environment=gpu)
    found = compared(record(environment=gpu), other)
    assert (found.verdict, found.exact) == (Verdict.HOLDS, False) and "found on an accelerator, within" in found.reason
    assert compared(record(environment=gpu), record(environment=gpu)).exact
    charged_less = record(environment=gpu, learning_rates=((1, 1, 0.5),))
    assert compared(record(environment=gpu), charged_less).verdict == Verdict.DIFFERS


def test_what_is_not_finite_is_null_in_a_record_and_equal_to_itself():
    curve = (0.9, math.nan, math.inf, 0.4)
    assert compared(TrialRecord.from_json(record(curve).to_json()), record(curve)).verdict == Verdict.HOLDS


def test_without_a_machine_type_nothing_is_taken_for_the_same():
    assert not compared(record(machine=""), record(machine="")).exact


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": Status.REACHED}, "missed recorded (best 0.4), reached found (best 0.4)"),
        ({"ended_as": "diverged"}, "missed recorded (best 0.4), missed, then diverged found (best 0.4)"),
        ({"complete": False}, "ran to its end: True; found: False"),
        ({"clocks": {"examples": 960.0, "steps": 61.0}}, "steps at the end: 60 recorded, 61 found"),
        ({"learning_rates": ((1.0, 16.0, 0.01), (2.0, 32.0, 0.03))}, "learning rate at step 2: 0.02 recorded, 0.03 found"),
        ({"learning_rates": ((1.0, 16.0, 0.01),)}, "2 learning rates recorded, 1 found"),
        ({"facts": {"workload": {"metric": "accuracy"}}}, "the record's metric is not the workload's: loss recorded, acc"),
    ],
)
def test_the_first_difference_is_named(change, reason):
    found = compared(record(), record(**change))
    assert found.verdict == Verdict.DIFFERS and reason in found.reason


def test_a_failure_holds_if_it_is_of_the_same_kind_at_the_same_evaluation():
    broken = record(status=Status.FAILED, reason="ValueError: at 0x7f (a.py:3)", complete=False)
    assert compared(broken, replace(broken, reason="ValueError: at 0x80 (a.py:3)")).verdict == Verdict.HOLDS
    assert compared(broken, replace(broken, reason="KeyError: 'a'")).verdict == Verdict.DIFFERS
    assert compared(broken, replace(broken, evaluations=broken.evaluations[:2])).verdict == Verdict.DIFFERS


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.OUT_OF_MEMORY])
def test_how_far_a_trial_got_before_a_limit_may_differ_but_not_its_curve(status):
    limited = record(status=status, complete=False)
    shorter = replace(limited, evaluations=limited.evaluations[:2], learning_rates=limited.learning_rates[:1])
    assert compared(limited, shorter).verdict == Verdict.HOLDS
    other = record(curve=(0.9, 0.8, 0.5, 0.4), status=status, complete=False)
    assert compared(other, shorter).verdict == Verdict.DIFFERS


def test_a_trial_that_a_time_limit_ends_only_here_is_compared_as_far_as_it_got():
    late = record(status=Status.TIMEOUT, complete=False, evaluations=record().evaluations[:2])
    found = compared(record(), late)
    assert found.verdict == Verdict.NOT_COMPARED and "missed recorded, timeout found" in found.reason
    assert compared(record(curve=(0.9, 0.1, 0.5, 0.4)), late).verdict == Verdict.DIFFERS


def elsewhere(share: float) -> Finding:
    """Return the finding where the end found is `share` of the tolerance worse, on another machine type."""
    log_worse = share * TOLERANCE * resolution(RULER)
    assert log_worse < math.log(2), "linear between the same two points of the ruler"
    worse = 0.4 + 0.2 * log_worse / math.log(2)
    return compared(record(), record(curve=(0.91, 0.6, 0.5, worse), machine="B"))


def test_elsewhere_ends_within_the_tolerance_hold_and_others_decide_nothing():
    near, far = elsewhere(0.9), elsewhere(1.1)
    assert (near.verdict, near.exact, far.verdict) == (Verdict.HOLDS, False, Verdict.NOT_COMPARED)
    assert near.shift == pytest.approx(0.9 * TOLERANCE * resolution(RULER))
    assert "one trial decides nothing" in far.reason


def test_elsewhere_a_hit_may_differ_but_not_what_an_open_loop_schedule_is_charged_or_sets():
    assert compared(record(), record(machine="B", status=Status.REACHED)).verdict == Verdict.HOLDS
    rates = ((1.0, 16.0, 0.01), (2.0, 32.0, 0.021))
    assert compared(record(), record(machine="B", learning_rates=rates)).verdict == Verdict.DIFFERS
    listening = {**record().facts, "submission": {"kind": "schedule", "listens": ["loss"]}}
    assert compared(record(), record(machine="B", learning_rates=rates, facts=listening)).verdict == Verdict.HOLDS


@pytest.mark.parametrize(
    ("own", "here", "verdict"),
    [
        ({"status": Status.FAILED, "complete": False}, {"status": Status.FAILED, "complete": False}, Verdict.HOLDS),
        ({"status": Status.FAILED, "complete": False}, {}, Verdict.NOT_COMPARED),
        ({}, {"status": Status.DIVERGED}, Verdict.NOT_COMPARED),
        ({"facts": {"workload": {}}}, {"facts": {"workload": {}}}, Verdict.NOT_COMPARED),
    ],
)
def test_elsewhere_only_complete_trials_on_a_ruler_have_ends_to_compare(own, here, verdict):
    assert compared(record(**own), record(machine="B", **here)).verdict == verdict


def test_many_records_that_are_better_than_their_repetitions_do_not_hold_as_a_whole():
    near = [replace(elsewhere(0.5), shift=0.05 + 0.01 * (-1) ** i) for i in range(LEAST_SHIFTS)]
    level = [replace(finding, shift=0.01 * (-1) ** i) for i, finding in enumerate(near)]
    better, even = mean_shift(near), mean_shift(level)
    assert better is not None and better.clear and better.mean == pytest.approx(0.05)
    assert even is not None and not even.clear
    assert mean_shift(near[1:]) is None

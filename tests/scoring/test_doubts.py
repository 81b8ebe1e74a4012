"""A board names trials whose numbers are improbable, and no honest ones."""

import time

import numpy as np
import pandas as pd
import pytest

from harness.results import board_input
from harness.results.reference import REFERENCE
from harness.scoring.doubts import doubts
from tests.hostile import DATA, Early
from tests.toy import Blobs, Plain, run_record, spec, submission

RULER = {
    "workload": "w",
    "version": 1,
    "lower_is_better": True,
    "budget": 1000.0,
    "finals": [{"examples": h, "metric": [m]} for h, m in ((31.25, 2.0), (125.0, 1.5), (500.0, 1.0), (1000.0, 0.8))],
}


def row(name="a", *, seconds=10.0, metric=(1.5, 1.0), examples=(500.0, 1000.0), **clocks):
    clocks = {
        "examples": examples[-1] if examples else 0.0,
        "seconds": seconds,
        "process_seconds": seconds,
        "setup_seconds": 0.0,
        "evaluation_seconds": 0.0,
        "cpu_seconds": seconds,
        "constructor_seconds": 0.0,
        **clocks,
    }
    return {
        "submission": name,
        "workload": "w",
        "study": 0,
        "trial": 0,
        "machine_type": "m",
        "curve": {"examples": np.array(examples), "metric": np.array(metric)},
        "clocks": clocks,
        "environment": {"device": "cpu"},
        "facts": {"workload": {"ruler": RULER}},
    }


def board(*rows):
    return doubts(pd.DataFrame([*(row(name) for name in "abc"), *rows]))


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (
            row("x", metric=(0.9, 0.8), examples=(50.0, 1000.0)),
            "far more compute for the quality that they reach: x on w",
        ),
        (
            row("x", constructor_seconds=1.4),
            "no clock counts, computed for long: x on w (study 0, trial 0, 1.4 s",
        ),
        (row("x", cpu_seconds=14.0), "CPU time that no clock of theirs has: x on w (study 0, trial 0, 4 s beside 10 s)"),
        (row("x", seconds=1.9), "far from those of other submissions: x on w (study 0, trial 0, 0.19 times)"),
        (row("x", seconds=51.0), "far from those of other submissions: x on w (study 0, trial 0, 5.1 times)"),
    ],
)
def test_what_is_improbable_is_said_in_one_sentence(odd, words):
    found = board(odd)
    assert len(found) == 1 and found[0].startswith("Doubtful, because ") and words in found[0]


@pytest.mark.parametrize(
    "usual",
    [
        row("x"),
        row("x", seconds=2.1),
        row("x", seconds=49.0),
        row("x", constructor_seconds=1.2, cpu_seconds=11.2),
        row("x", metric=(1.5, 0.8), examples=(50.0, 1000.0)),
        row("x", metric=(), examples=(), seconds=0.0),
        row("x") | {"facts": None},
        row("x") | {"clocks": None},
        row("x") | {"clocks": {}},
        row("x", metric=(np.nan, np.nan)),
    ],
)
def test_nothing_is_said_of_what_is_usual_or_unknown(usual):
    assert board(usual) == []


def reads_the_metric(seconds):
    """Return a trial of 200 steps of one example each that was charged 1,000: it has read the metric for the rest."""
    return row("x", seconds=seconds, steps=200.0) | {"facts": {"workload": {"ruler": RULER, "batch_size": 1}}}


def test_examples_that_were_charged_for_reading_the_metric_take_few_seconds():
    assert board(reads_the_metric(1.9)) == []
    assert "0.035 times" in board(reads_the_metric(0.35))[0], "even its steps were too fast"


def test_seconds_that_a_race_counts_are_paid_and_only_few_of_them_are_odd():
    assert board(row("x", seconds=51.0) | {"track": "self-tuning"}) == []
    assert "5.1 times" in board(row("x", seconds=51.0) | {"track": "schedule"})[0]
    assert "0.19 times" in board(row("x", seconds=1.9) | {"track": "self-tuning"})[0]


def evaluated(name, seconds, trial=0):
    """Return a trial of two evaluations, and of 1 ms per charged example."""
    return row(name, seconds=1.0, evaluation_seconds=seconds) | {"trial": trial}


def test_evaluations_that_take_five_times_as_long_are_named_with_the_trials_in_which_they_do():
    others = [evaluated(name, 1.0, trial) for name in "abc" for trial in range(3)]
    slow = [evaluated("x", 5.0 if trial else 1.0, trial) for trial in range(3)]
    (found,) = doubts(pd.DataFrame([*others, *slow]))
    assert found.startswith("Doubtful, because their evaluations, which no clock counts, take far longer than those of other")
    assert found.endswith("submissions: x on w (2 trials, up to 5 times, 8 s more).")


@pytest.mark.parametrize(("median", "odd"), [(0.04, 0.28), (1.0, 3.9)])
def test_evaluations_that_jitter_or_are_short_are_no_doubt(median, odd):
    assert doubts(pd.DataFrame([*(evaluated(name, median) for name in "abcd"), evaluated("x", odd)])) == []


def test_what_the_refreshing_of_batchnorm_statistics_takes_is_no_doubt():
    """A forward pass of 1,024 examples takes about a third of the 1.02 s in which as many are trained on."""
    others = [evaluated(name, 0.1) for name in "abc"]
    assert doubts(pd.DataFrame([*others, evaluated("x", 0.1 + 2 * 0.34)])) == []
    assert "(1 trial, up to 13 times, 1.2 s more)" in doubts(pd.DataFrame([*others, evaluated("x", 0.1 + 2 * 0.6)]))[0]


def test_a_constructor_that_takes_long_once_imports_a_library():
    quick, slow = row("x"), row("x", constructor_seconds=2.1)
    assert board(quick, slow, quick) == []
    assert "2.1 s" in board(quick, slow, slow)[0] and "2.1 s" in board(quick, slow)[0]
    assert "5.4 s" in board(quick, row("x", constructor_seconds=5.4), quick)[0]


def test_rates_are_not_compared_between_types_of_machine_nor_where_few_submissions_ran():
    assert board(row("x", seconds=1.0) | {"machine_type": "other"}) == []
    assert doubts(pd.DataFrame([row("a"), row("x", seconds=1.0)])) == []
    assert doubts(pd.DataFrame()) == []


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="an installed package has no reference result")
@pytest.mark.parametrize(
    "track", ["self-tuning", "external", *(pytest.param(name, marks=pytest.mark.slow) for name in ("schedule", "budget"))]
)
def test_no_trial_of_the_reference_result_is_doubted(track):
    """Always those of the boards that are ranked by seconds."""
    trials = board_input(REFERENCE, track=track, suite="laptop", alone=True).trials
    assert set(trials["track"]) == {track} and doubts(trials) == []


def test_a_constructor_that_computes_without_autograd_is_named():
    class Derives(Early):
        """Derives gradients by hand in the constructor, for half a second."""

        def _begin(self):
            began = time.process_time()
            while time.process_time() - began < 0.5:
                sum(range(1000))

    def measured(plugin):
        what = spec(track="self-tuning", target=0.0)
        clocks = run_record(what, Blobs("smoke"), submission(plugin), DATA, environment={"device": "cpu"}).clocks
        return row(plugin.name) | {"clocks": dict(clocks), "facts": {}}

    found = doubts(pd.DataFrame([measured(Derives), measured(Plain)]))
    assert len(found) == 1 and "derives" in found[0] and "plain" not in found[0]

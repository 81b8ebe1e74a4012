import time

import numpy as np
import pytest

from harness.scoring.compute_saved.board import compute_saved
from harness.scoring.compute_saved.equivalent import equivalents
from harness.scoring.compute_saved.gains import gains
from harness.scoring.compute_saved.speedup import speed_ups
from tests.scoring.compute_saved.gained import race, random_race, rulers_of


def test_a_board_has_speed_ups_ranks_pairs_and_what_is_absent() -> None:
    trials = random_race(np.random.default_rng(0), 4, 5, 3)
    trials.loc[(trials.submission == "s1") & (trials.workload == "w0") & (trials.study == 2), "status"] = "killed"
    found = compute_saved(trials, rulers_of(trials), (0.5, 1.0), clock="seconds", baseline="s0")
    assert list(found.speed_ups) == list(found.ranks) == list(found.ruler_errors) == ["s0", "s1", "s2", "s3"]
    assert len(found.pairs) == 6 and found.absent == {("s1", "w0", 2): "a trial was killed"}
    again = gains(equivalents(trials, rulers_of(trials), (0.5, 1.0)), "seconds", "s0")
    assert repr(tuple(found.speed_ups.values())) == repr(speed_ups(again, "s0"))
    best = max(found.speed_ups.values(), key=lambda row: row.estimate.value)
    assert found.ranks[best.submission].rank == 1


def test_without_its_baseline_a_board_still_compares_pairs() -> None:
    found = compute_saved(
        race({"a": {"u": [0.1, 0.2, 0.4]}, "b": {"u": [0.0] * 3}}), rulers_of(race({"a": {"u": [0]}})), (1.0,)
    )
    assert not found.speed_ups and not found.ranks and not found.baseline
    (pair,) = found.pairs
    assert pair.speed_up.estimate.value == pytest.approx(0.7 / 3)


def test_a_large_board_takes_less_than_two_cpu_seconds() -> None:
    trials = random_race(np.random.default_rng(0), 40, 12, 5)
    began = time.process_time()
    compute_saved(trials, rulers_of(trials), (0.5, 1.0), clock="seconds", baseline="s0")
    assert time.process_time() - began < 2

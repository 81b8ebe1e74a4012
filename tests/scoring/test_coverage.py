"""STATISTICS, "Coverage test". The slow form is the one that is quoted; the small one guards it in the normal run."""

import numpy as np
import pytest

from harness.scoring.speed import contrast, log_times
from tests.scoring.simulation import DESIGNS, SUBMISSIONS, coverage, family_wise_error, study_times

SEED = 1
BOARDS = 2000
SMALL = 40


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("studies", [3, 5, 10])
@pytest.mark.parametrize("design", DESIGNS)
def test_intervals_hold_the_truth_as_often_as_they_say(design: str, studies: int) -> None:
    found = coverage(DESIGNS[design], studies, BOARDS, SEED)
    # The first submission is the baseline: its speed-up is 1 by definition. Averages over the others.
    assert 0.92 <= found.speedup[1:].mean() <= 0.98
    assert 0.92 <= found.score.mean() <= 0.995
    assert found.rank.mean() >= 0.92


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("studies", [3, 5, 10])
@pytest.mark.parametrize("design", DESIGNS)
def test_holm_calls_equal_submissions_separable_on_at_most_six_boards_in_a_hundred(design: str, studies: int) -> None:
    assert family_wise_error(DESIGNS[design], studies, BOARDS, SEED) <= 0.06


@pytest.mark.parametrize("design", DESIGNS)
def test_a_small_sample_of_boards_is_covered(design: str) -> None:
    """Fixed seeds: the same boards in every run. 40 boards of 4 submissions, so limits are wide but not empty."""
    found = coverage(DESIGNS[design], 3, SMALL, SEED, repetitions=4000)
    assert 0.88 <= found.speedup[1:].mean() <= 0.995
    assert found.score.mean() >= 0.88
    assert found.rank.mean() >= 0.88


def test_intervals_do_not_cover_by_being_useless() -> None:
    """Five studies of eight workloads separate the slowest of four submissions, 45 % slower, from the fastest."""
    design = DESIGNS["lognormal"]
    for times in design.times(np.random.default_rng(SEED), 20, 5):
        p = contrast(log_times(study_times(times, design.grid)), 0, SUBMISSIONS - 1).estimate.p
        assert p is not None and p < 0.05 / 6

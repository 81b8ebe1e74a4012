"""Coverage of the intervals on synthetic boards. docs/scoring.md quotes the slow form; the small one runs in every test run."""

import numpy as np
import pytest

from harness.scoring.log_times import log_times
from harness.scoring.speed import contrast
from tests.scoring.simulation import DESIGNS, SUBMISSIONS, coverage, family_wise_error, study_times

SEED = 1
BOARDS = 2000
SMALL = 40


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("studies", [3, 5, 10])
@pytest.mark.parametrize("design", DESIGNS)
def test_intervals_cover_the_truth_as_often_as_their_level_says(design: str, studies: int) -> None:
    shares = coverage(DESIGNS[design], studies, BOARDS, SEED)
    # The first submission is the baseline: its speed-up is 1 by definition. Averages over the others.
    assert 0.92 <= shares.speedup[1:].mean() <= 0.98
    assert 0.92 <= shares.score.mean() <= 0.995
    assert shares.rank.mean() >= 0.92


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("studies", [3, 5, 10])
@pytest.mark.parametrize("design", DESIGNS)
def test_holm_calls_equal_submissions_separable_on_at_most_six_boards_in_a_hundred(design: str, studies: int) -> None:
    assert family_wise_error(DESIGNS[design], studies, BOARDS, SEED) <= 0.06


@pytest.mark.parametrize("design", DESIGNS)
def test_a_small_sample_of_boards_is_covered(design: str) -> None:
    """Fixed seeds give the same boards in every run. With 40 boards of 4 submissions the limits are wide, but they can fail."""
    shares = coverage(DESIGNS[design], 3, SMALL, SEED, repetitions=4000)
    assert 0.88 <= shares.speedup[1:].mean() <= 0.995
    assert shares.score.mean() >= 0.88
    assert shares.rank.mean() >= 0.88


def test_intervals_are_narrow_enough_to_separate_a_slow_submission() -> None:
    """Five studies of eight workloads separate the slowest of four submissions from the fastest, which is 45 % faster."""
    design = DESIGNS["lognormal"]
    for times in design.times(np.random.default_rng(SEED), 20, 5):
        p = contrast(log_times(study_times(times, design.grid)), 0, SUBMISSIONS - 1).estimate.p
        assert p is not None and p < 0.05 / 6

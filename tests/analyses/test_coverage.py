"""docs/statistics.md, "Coverage", in small: `python -m analyses.coverage` is the form that is quoted. All seeds are fixed."""

from functools import cache

import numpy as np
import pytest

from analyses.coverage import EFFECTS, Coverage, measured, table, worlds
from analyses.simulated_boards import DESIGNS, WORKLOADS, exact_rulers, simulated

BOARDS = 100
DOMINATED = "one workload of 12 times the noise"


@cache
def small(name: str, studies: int = 3) -> Coverage:
    return measured(DESIGNS[name], worlds(DESIGNS[name], rulers=4, truth=1000), studies, boards=BOARDS)


@pytest.mark.parametrize("name", [name for name, design in DESIGNS.items() if not design.rare])
def test_a_small_sample_of_boards_is_covered(name: str) -> None:
    """400 intervals of 100 boards, those of one board correlated: limits are wide but not empty."""
    found = small(name)
    assert 0.90 <= found.protocol <= 0.99
    assert found.rank >= 0.90
    assert found.family <= 0.06


def test_one_workload_with_most_of_the_noise_does_not_make_equal_submissions_separable() -> None:
    """With 3 studies its variance is often far too small by chance: what the condition on `p_without_one` is for."""
    found = small(DOMINATED)
    assert found.unguarded > 0.2 and found.family <= 0.06


def test_intervals_do_not_cover_by_being_useless() -> None:
    assert small("lognormal, 10 %").width < 0.08 and small("lognormal, 10 %", 10).width < 0.04


def test_the_ideal_ratio_is_the_one_that_was_put_in() -> None:
    own = EFFECTS[:, None] * (1 + 0.3 * np.sin(np.arange(5)[:, None] + np.arange(WORKLOADS)))
    (world,) = worlds(DESIGNS["noise 2 %"], rulers=1, truth=2000)
    assert world.ideal == pytest.approx(own.mean(axis=1), abs=1e-3)


def test_studies_fall_as_often_as_the_design_says() -> None:
    design = DESIGNS["falls of 10 to 50 %"]
    found = simulated(design, np.zeros(4), 2000, np.random.default_rng(0)).read(exact_rulers())
    assert found.low.all(axis=(3, 4)).mean() == pytest.approx(design.falls.mean(), abs=0.01)


def test_limits_are_met_where_a_design_asks_for_them() -> None:
    found = simulated(DESIGNS["low and high limits"], np.zeros(2), 500, np.random.default_rng(0)).read(exact_rulers())
    low, high = (marks[..., -1].mean(axis=(0, 2, 3)) for marks in (found.low, found.high))
    assert (low[::4] > 0.4).all() and (high[1::4] > 0.4).all() and low[2] == high[2] == 0


def test_the_command_prints_a_row_per_design_and_number_of_studies() -> None:
    lines = list(table(20, [3, 5], ["noise 2 %"], rulers=2, truth=100))
    assert len(lines) == 3 and lines[1].startswith("| noise 2 % | 3 | ")

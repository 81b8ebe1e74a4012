"""Equal submissions with few hits are not called separable; the condition on four workloads is what keeps them from it."""

import numpy as np
import pytest

from analyses.sparse_hits import BUDGET, EQUALS, GRID, WORKLOADS, World, family_wise_errors, table

BOARDS = 40


@pytest.mark.parametrize("reached", [1, 2, 3])
@pytest.mark.parametrize("studies", [3, 5, 10])
def test_with_one_to_three_workloads_ever_reached_at_most_six_boards_in_a_hundred_err(reached: int, studies: int) -> None:
    assert family_wise_errors(World(reached, 0.5), studies, boards=BOARDS)[0] <= 0.06


def test_without_the_condition_on_four_workloads_every_second_board_would_err() -> None:
    assert family_wise_errors(World(2, 0.5), 3, boards=BOARDS)[1] > 0.3


def test_where_every_target_is_reached_the_condition_changes_nothing() -> None:
    """Such a world has verdicts at all: Holm's test errs now and then."""
    error, without = family_wise_errors(World(WORKLOADS, 0.8), 5, boards=200)
    assert error == without and 0 < error <= 0.1


def test_a_world_has_as_many_hits_as_it_says_on_its_grid_and_none_elsewhere() -> None:
    times = World(3, 0.5).times(np.random.default_rng(0), 50, 10)
    assert times.shape == (50, EQUALS, WORKLOADS, 10) and np.isinf(times[:, :, 3:]).all()
    hits = times[:, :, :3]
    assert np.isfinite(hits).mean() == pytest.approx(0.5, abs=0.02)
    finite = hits[np.isfinite(hits)]
    assert (finite <= BUDGET).all() and np.allclose(finite / GRID, np.round(finite / GRID))


def test_the_command_prints_a_row_per_world_and_number_of_studies() -> None:
    lines = list(table(4, [3, 5], [World(1, 0.5)]))
    assert len(lines) == 3 and lines[1].startswith("| 1 of 12 | 50 % | 3 | 0.000 |")

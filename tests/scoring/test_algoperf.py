"""Golden numbers: AlgoPerf v0.5, external tuning, as published (mlcommons/submissions_algorithms)."""

import math

import numpy as np
import pandas as pd
import pytest

from harness.compat import V05
from harness.scoring import Board, score_board
from harness.scoring.rules import ScoringRules
from tests.scoring.frames import algoperf

PUBLISHED = {
    "shampoo_submission": 0.7784,
    "schedule_free_adamw": 0.7077,
    "generalized_adam": 0.6383,
    "cyclic_lr": 0.6301,
    "nadamp": 0.5909,
    "baseline": 0.5707,
    "amos": 0.4918,
    "caspr_adaptive": 0.4722,
    "lawa_queue": 0.3699,
    "lawa_ema": 0.3384,
    "schedule_free_prodigy": 0.0,
}


@pytest.fixture(scope="module")
def trials() -> pd.DataFrame:
    return algoperf()


@pytest.fixture(scope="module")
def ours(trials: pd.DataFrame) -> Board:
    return score_board(trials, ScoringRules("seconds", baseline="baseline"))


def rounded(board: Board) -> dict[str, float]:
    return {row.name: round(row.score, 4) for row in board.rows}


def test_the_legacy_flags_give_every_published_score_to_four_decimals(trials: pd.DataFrame) -> None:
    board = score_board(trials, ScoringRules("seconds", baseline="baseline", legacy_tie_rule=True, legacy_grid=True))
    assert rounded(board) == PUBLISHED
    assert [row.name for row in board.rows] == list(PUBLISHED)


def test_choosing_trials_by_time_changes_only_lawa_ema(trials: pd.DataFrame) -> None:
    board = score_board(trials, ScoringRules("seconds", baseline="baseline", legacy_grid=True))
    assert rounded(board) == {**PUBLISHED, "lawa_ema": 0.3434}


def test_the_grid_moves_a_score_by_about_fifteen_ten_thousandths_at_most(trials: pd.DataFrame, ours: Board) -> None:
    board = score_board(trials, ScoringRules("seconds", baseline="baseline", legacy_grid=True))
    grid, exact = ({row.name: row.score for row in b.rows} for b in (board, ours))
    assert 0.0010 < max(abs(grid[name] - exact[name]) for name in grid) < 0.00155


def test_the_published_order_of_neighbours_is_mostly_not_separable(ours: Board) -> None:
    assert ours.adjacent_separable is not None and ours.adjacent_separable < 0.5


def test_every_interval_contains_its_score_and_lies_within_zero_and_one(ours: Board) -> None:
    for row in ours.rows:
        assert row.score_low is not None and row.score_high is not None
        assert 0 <= row.score_low <= row.score <= row.score_high <= 1
        assert row.rank_low <= row.rank <= row.rank_high


def test_a_workload_named_in_the_targets_and_absent_from_the_logs_is_unsolved_not_a_crash(trials: pd.DataFrame) -> None:
    board = score_board(trials, ScoringRules("seconds", baseline="baseline", workloads=("finewebedu_lm",)))
    assert "finewebedu_lm" in board.workloads
    exact = score_board(trials, ScoringRules("seconds", baseline="baseline"))
    for row in board.rows:
        other = next(r for r in exact.rows if r.name == row.name)
        assert row.score == pytest.approx(other.score * 8 / 9)
    assert any("finewebedu_lm" in note for note in board.notes)


def test_the_legacy_speed_up_is_the_geometric_mean_of_medians_with_a_miss_at_budget_and_a_second(trials: pd.DataFrame) -> None:
    board = score_board(trials, ScoringRules("seconds", baseline="baseline", legacy_speedup=True))
    own = trials[~trials["held_out"]]
    best = own.groupby(["submission", "workload", "study"])["hit_seconds"].min()
    middle = best.groupby(["submission", "workload"]).apply(lambda times: float(np.median(times))).unstack("workload")
    charged = middle.where(~np.isinf(middle), pd.Series(V05.seconds) + 1, axis=1)
    for row in board.rows:
        ratio = (charged.loc["baseline"] / charged.loc[row.name]).dropna()
        assert row.speedup == pytest.approx(math.exp(np.log(ratio).mean()))
        assert row.speedup_low is None or row.name == "baseline"
    assert board.legacy == ("speedup",)

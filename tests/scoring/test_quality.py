import math

import pandas as pd
import pytest

from harness import BadInput
from harness.scoring import rate_losses, score_board, score_budget, sensitivity
from harness.scoring.sensitivity import HALF_DECADES
from tests.scoring.frames import row


def budget_row(name: str, study: int, trial: int, final: float, horizon: float = 1000.0, **other: object) -> dict[str, object]:
    made = row(name, "w", study, trial, [0.1, final], target=-1.0, horizon=horizon, complete=True)
    return {**made, "track": "budget", **other}


def test_regret_uses_the_final_loss_of_the_best_trial_and_the_median_study() -> None:
    finals = {"a": ([1.0, 0.6], [0.5], [9.0]), "b": ([1.0], [1.0], [0.9])}
    rows = [budget_row(s, j, t, x) for s, studies in finals.items() for j, xs in enumerate(studies) for t, x in enumerate(xs)]
    a, b = score_budget(pd.DataFrame(rows), {"w": 2.6})
    assert (a.name, a.regret, a.mean_rank, a.final["w"]) == ("a", 0.0, 1.0, 0.6)
    assert b.regret == pytest.approx((1.0 - 0.6) / (2.6 - 0.6)) and b.mean_rank == 2


def test_shares_of_the_budget_are_scored_apart() -> None:
    rows = [budget_row("a", 0, 0, 1.0, horizon) for horizon in (100.0, 250.0)]
    assert [q.share for q in score_budget(pd.DataFrame(rows))] == [0.1, 0.25]


def test_without_the_trivial_metric_there_is_no_regret() -> None:
    assert score_budget(pd.DataFrame([budget_row("a", 0, 0, 1.0)]))[0].regret is None


def test_the_budget_track_has_no_race_and_a_race_no_quality() -> None:
    with pytest.raises(BadInput, match="score_budget"):
        score_board(pd.DataFrame([budget_row("a", 0, 0, 1.0)]))
    with pytest.raises(BadInput, match="--no-prune"):
        score_budget(pd.DataFrame([budget_row("a", 0, 0, 1.0, complete=False)]))


def test_a_schedule_that_does_not_mind_its_rate_has_no_sensitivity() -> None:
    assert sensitivity({rate: [0.5] for rate in HALF_DECADES}, trivial=2.0).value == 0


def test_one_good_rate_of_seven_costs_six_sevenths() -> None:
    losses = {rate: [math.nan] for rate in HALF_DECADES} | {HALF_DECADES[3]: [0.5, 0.4, 0.6]}
    found = sensitivity(losses, trivial=2.0)
    assert found.value == pytest.approx(6 / 7) and not found.edge


def test_an_optimum_at_the_edge_is_flagged() -> None:
    assert sensitivity({0.1: [0.3], 1.0: [0.5], 10.0: [0.6]}, trivial=2.0).edge


def test_a_schedule_that_learns_nothing_has_no_sensitivity_number() -> None:
    assert sensitivity({0.1: [math.inf], 1.0: [2.5]}, trivial=2.0).value is None


def test_only_complete_trials_tell_about_rates() -> None:
    rows = [row("a", "w", 0, t, [1.0, 0.4], complete=t == 0, hyperparameters={"learning_rate": 0.1 + t}) for t in range(2)]
    assert rate_losses(pd.DataFrame(rows), "a", "w") == {0.1: [0.4]}

import json
import math

import pandas as pd
import pytest

from harness import BadInput
from harness.records import PROTOCOL_VERSION
from harness.scoring import (
    quality_board,
    quality_json,
    rate_losses,
    score_board,
    score_budget,
    sensitivities,
    sensitivity,
)
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


def test_every_share_of_the_budget_is_scored_by_itself() -> None:
    rows = [budget_row("a", 0, 0, 1.0, horizon) for horizon in (125.0, 250.0)]
    assert [q.share for q in score_budget(pd.DataFrame(rows))] == [0.125, 0.25]


def test_without_the_trivial_metric_there_is_no_regret() -> None:
    assert score_budget(pd.DataFrame([budget_row("a", 0, 0, 1.0)]))[0].regret is None


def test_the_budget_track_has_no_times_and_pruned_trials_no_quality() -> None:
    with pytest.raises(BadInput, match="score_budget"):
        score_board(pd.DataFrame([budget_row("a", 0, 0, 1.0)]))
    with pytest.raises(BadInput, match="without --prune"):
        score_budget(pd.DataFrame([budget_row("a", 0, 0, 1.0, complete=False)]))


def test_a_schedule_whose_loss_does_not_depend_on_the_rate_has_sensitivity_zero() -> None:
    assert sensitivity({rate: [0.5] for rate in HALF_DECADES}, trivial=2.0).value == 0


def test_one_good_rate_of_seven_costs_six_sevenths() -> None:
    losses = {rate: [math.nan] for rate in HALF_DECADES} | {HALF_DECADES[3]: [0.5, 0.4, 0.6]}
    found = sensitivity(losses, trivial=2.0)
    assert found.value == pytest.approx(6 / 7) and not found.edge


def test_an_optimum_at_the_edge_is_flagged() -> None:
    assert sensitivity({0.1: [0.3], 1.0: [0.5], 10.0: [0.6]}, trivial=2.0).edge


def test_a_schedule_that_never_beats_an_untrained_model_has_no_sensitivity() -> None:
    assert sensitivity({0.1: [math.inf], 1.0: [2.5]}, trivial=2.0).value is None


def test_sensitivity_uses_complete_trials_only() -> None:
    rows = [row("a", "w", 0, t, [1.0, 0.4], complete=t == 0, hyperparameters={"learning_rate": 0.1 + t}) for t in range(2)]
    assert rate_losses(pd.DataFrame(rows), "a", "w") == {0.1: [0.4]}


FACTS = {"workload": {"trivial_metric": 2.6}}


def rate_row(name: str, study: int, trial: int, final: float, **other: object) -> dict[str, object]:
    rate = 0.01 * HALF_DECADES[trial]
    made = row(name, "w", study, trial, [3.0, final], target=0.0, complete=True, hyperparameters={"learning_rate": rate})
    return {**made, "track": "sensitivity", "facts": FACTS, **other}


def test_a_run_that_diverged_or_failed_has_the_trivial_quality_not_its_last_good_one() -> None:
    for status in ("diverged", "failed", "timeout", "out-of-memory"):
        rows = [budget_row("a", 0, 0, 0.5), budget_row("b", 0, 0, 0.1, status=status, complete=status == "diverged")]
        a, b = score_budget(pd.DataFrame(rows), {"w": 2.6})
        assert (a.name, b.final["w"], b.regret) == ("a", 2.6, 1.0)


def test_a_killed_trial_makes_its_study_missing_at_that_share_only() -> None:
    rows = [budget_row("a", j, 0, x) for j, x in enumerate((0.1, 0.5, 0.6))]
    rows += [budget_row("a", 0, 1, 0.2, status="killed", complete=False), budget_row("a", 0, 2, 0.3, horizon=500.0)]
    half, whole = score_budget(pd.DataFrame(rows))
    assert (whole.final["w"], whole.studies["w"], whole.low["w"], whole.high["w"]) == (0.55, 2, 0.5, 0.6)
    assert (half.share, half.studies["w"]) == (0.5, 1)


def test_a_horizon_in_whole_steps_counts_as_the_nearest_share() -> None:
    rows = [budget_row("a", 0, 0, 1.0, horizon) for horizon in (120.0, 256.0)]
    assert [q.share for q in score_budget(pd.DataFrame(rows))] == [0.125, 0.25]


def test_a_share_that_the_track_has_no_longer_is_read_in_whole_per_cent() -> None:
    rows = [budget_row("a", 0, 0, 1.0, horizon) for horizon in (96.0, 99.6)]
    assert [q.share for q in score_budget(pd.DataFrame(rows))] == [0.1]


def test_the_trivial_metric_comes_from_the_records() -> None:
    rows = [budget_row("a", 0, 0, 0.6, facts=FACTS), budget_row("b", 0, 0, 1.0, facts=FACTS)]
    assert [q.regret for q in score_budget(pd.DataFrame(rows))] == [0.0, pytest.approx(0.2)]


def test_a_board_of_quality_says_under_which_protocol_its_records_were_made() -> None:
    trials = pd.DataFrame([budget_row("a", 0, 0, 0.6, facts=FACTS), budget_row("b", 0, 0, 1.0, facts=FACTS)])
    old = PROTOCOL_VERSION - 1
    assert quality_board(trials.assign(protocol=old)).notes[0].startswith(f"Recorded under protocol {old};")
    assert quality_board(trials.assign(protocol=PROTOCOL_VERSION)).notes == quality_board(trials).notes


def test_the_budget_board_is_strict_json_with_the_fields_of_a_timed_board_in_any_order_of_rows() -> None:
    rows = [
        budget_row(s, j, 0, x + j, h, facts=FACTS)
        for s, x in (("a", 0.5), ("b", 0.4))
        for j in range(3)
        for h in (500.0, 1000.0)
    ]
    frame = pd.DataFrame(rows)
    frame["trial"] = (frame["horizon_examples"] == 1000).astype(int)
    text = json.dumps(quality_json(quality_board(frame), []), allow_nan=False)
    assert json.dumps(quality_json(quality_board(frame.sample(frac=1, random_state=1)), [])) == text
    value = json.loads(text)
    assert [(r["name"], r["rank"], r["score"]) for r in value["submissions"]] == [("b", 1, None), ("a", 2, None)]
    assert [q["final"] for q in value["submissions"][0]["workloads"]["w"]["quality"]] == [1.4, 1.4]
    assert value["shares"] == [0.5, 1.0]


def test_sensitivity_is_the_mean_over_workloads_of_medians_over_studies() -> None:
    rows = [rate_row("a", j, t, (0.6 if t == 3 else 1.6) + 0.1 * (j - 1)) for j in range(3) for t in range(7)]
    (found,) = sensitivities(pd.DataFrame(rows))
    assert found.value == pytest.approx(6 / 7 * 1.0 / 2.0) and not found.edge


def test_sensitivity_is_not_printed_where_a_trial_is_not_complete_or_a_rate_is_missing() -> None:
    rows = [rate_row("a", 0, t, 1.0, status="killed" if t == 2 else "", complete=t != 2) for t in range(7)]
    rows += [rate_row("b", 0, t, 1.0) for t in range(6)]
    for found in sensitivities(pd.DataFrame(rows)):
        assert found.value is None and "not all 7 peak rates" in found.unavailable["w"]


def test_a_run_that_met_its_target_and_diverged_later_has_no_good_final_loss() -> None:
    reached = rate_row("a", 0, 0, 0.5, status="reached")
    assert rate_losses(pd.DataFrame([reached]), "a", "w") == {reached["hyperparameters"]["learning_rate"]: [0.5]}
    later = {**reached, "end_examples": reached["end_examples"] + 50}
    assert math.isnan(next(iter(rate_losses(pd.DataFrame([later]), "a", "w").values()))[0])

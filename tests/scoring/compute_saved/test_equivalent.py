import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.records import Status
from harness.scoring.compute_saved.equivalent import Equivalents, equivalents
from harness.scoring.compute_saved.gains import gains
from harness.scoring.ruler import ruler_of
from tests.scoring.compute_saved.gained import BATCH, BUDGET, SECONDS, log_ruler, race, rulers_of, trial


def read(*rows: dict[str, Any], horizons: tuple[float, ...] = (1.0,)) -> Equivalents:
    frame = pd.DataFrame(rows)
    return equivalents(frame, rulers_of(frame), horizons)


def one(**other: Any) -> Equivalents:
    return read(trial("a", "w", 0, 0, **{"gain": 0.1, **other}), horizons=(other.get("horizon", 1.0),))


def test_the_gain_is_log_equivalent_budget_less_log_horizon() -> None:
    assert one(gain=0.1).gains.item() == pytest.approx(0.1)
    assert one(gain=0.1, horizon=0.5).gains.item() == pytest.approx(0.1)


def test_quality_beyond_the_ruler_is_worth_its_last_point_at_least() -> None:
    found = one(gain=2.0)
    assert found.gains.item() == pytest.approx(math.log(3)) and found.high.item() and not found.low.item()


@pytest.mark.parametrize(("horizon", "limit"), [(1.0, -math.log(8)), (1 / 8, -math.log(4))])
@pytest.mark.parametrize("gain", [-5.0, math.nan, math.inf, -math.inf])
def test_a_poor_or_not_finite_metric_counts_as_the_low_limit(gain: float, horizon: float, limit: float) -> None:
    found = one(gain=gain, horizon=horizon)
    # A loss of minus infinity is not finite either.
    assert found.gains.item() == pytest.approx(limit) and found.low.item() and not found.high.item()


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.DIVERGED])
def test_a_failure_counts_as_the_low_limit_even_after_good_evaluations(status: Status) -> None:
    found = one(status=status)
    assert found.gains.item() == pytest.approx(-math.log(8)) and found.low.item() and not found.absent


@pytest.mark.parametrize("status", [Status.KILLED, Status.SKIPPED, Status.PRUNED])
def test_a_trial_that_was_not_decided_makes_its_study_absent_at_every_horizon(status: Status) -> None:
    rows = [trial("a", "w", j, i, 0.1, horizon=(0.5, 1.0)[i]) for j in range(2) for i in range(2)]
    rows[3] = trial("a", "w", 1, 1, 0.1, status=status)
    found = read(*rows, horizons=(0.5, 1.0))
    assert found.absent == {("a", "w", 1): f"a trial was {status}"}
    assert not np.isnan(found.gains[0, 0, 0]).any() and np.isnan(found.gains[0, 0, 1]).all()


def test_a_trial_that_stopped_at_its_target_makes_its_study_absent() -> None:
    row = trial("a", "w", 0, 0, 0.1)
    cut = {name: values[:1] for name, values in row["curve"].items()}
    found = read({**row, "status": "reached", "complete": False, "hit_index": 0, "curve": cut})
    assert found.absent == {("a", "w", 0): "a trial stopped at its target"}


@pytest.mark.parametrize(("complete", "hit"), [(True, 0), (False, 0)])
def test_a_trial_that_reached_its_target_and_failed_later_counts_as_the_low_limit(complete: bool, hit: int) -> None:
    row = trial("a", "w", 0, 0, 0.1)
    curve = {"examples": [800.0, 1600.0], "seconds": [1.0, 2.0], "steps": [80.0, 160.0], "metric": [1.0, 0.5]}
    found = read({**row, "status": "reached", "complete": complete, "hit_index": hit, "curve": curve})
    assert found.gains.item() == pytest.approx(-math.log(8)) and not found.absent


def test_a_trial_whose_last_step_ended_too_far_past_its_end_to_be_judged_counts_as_the_low_limit() -> None:
    row = trial("a", "w", 0, 0, 0.1)
    cut = {name: values[:1] for name, values in row["curve"].items()}
    assert read({**row, "curve": cut, "end_examples": 2 * BUDGET}).gains.item() == pytest.approx(-math.log(8))


def test_a_hit_at_the_very_last_evaluation_is_judged_there() -> None:
    found = one(status="reached", complete=False, hit_index=1)
    assert found.gains.item() == pytest.approx(0.1) and not found.absent


def test_a_step_that_overshoots_is_charged() -> None:
    row = trial("a", "w", 0, 0, 0.1)
    row["curve"]["examples"] = np.array([BUDGET / 2, 1.05 * BUDGET])
    assert read(row).gains.item() == pytest.approx(0.1 - math.log(1.05))


def test_budgets_are_the_workloads_own_not_the_tracks() -> None:
    # self-tuning: 1.5 budgets are horizon and the track's budget.
    row = trial("a", "w", 0, 0, 0.1, horizon=1.5, budget_examples=1.5 * BUDGET, budget_steps=1.5 * BUDGET / BATCH)
    assert read(row, horizons=(1.5,)).gains.item() == pytest.approx(0.1)


def test_horizons_match_when_rounded_to_whole_steps_and_others_are_left_out() -> None:
    near = trial("a", "w", 0, 0, 0.1, horizon=1 / 3)
    near["horizon_examples"] = 1070.0
    near["curve"]["examples"] = np.array([500.0, 1070.0])
    other = trial("a", "w", 0, 1, 0.1, horizon=0.7)
    found = read(near, other, horizons=(1 / 3,))
    assert found.gains.shape == (1, 1, 1, 1, 1)
    assert found.log_horizons.item() == pytest.approx(math.log(1070 / BUDGET))


def test_a_study_without_a_trial_at_some_horizon_is_absent() -> None:
    found = read(*(trial("a", "w", j, 0, 0.1) for j in range(2)), trial("a", "w", 0, 1, 0.1, horizon=0.5), horizons=(0.5, 1.0))
    assert set(found.absent) == {("a", "w", 1)}


def test_a_study_that_is_still_running_is_absent() -> None:
    found = read(*(trial("a", "w", j, i, 0.1) for j in range(2) for i in range(2) if (j, i) != (1, 1)))
    assert found.absent == {("a", "w", 1): "not all of its trials have run"} and found.trials.item() == 2


def test_held_out_variants_and_workloads_without_a_ruler_are_left_out() -> None:
    frame = race({"a": {"w": [0.1], "x": [0.1], "w+v": [0.1]}})
    frame["held_out"] = frame["workload"] == "w+v"
    found = equivalents(frame, {"w": log_ruler("w"), "w+v": log_ruler("w+v")}, (1.0,))
    assert found.workloads == ("w",)


def test_no_ruler_at_all_gives_no_gains() -> None:
    found = equivalents(race({"a": {"w": [0.1]}}), {}, (1.0,))
    assert found.workloads == () and found.submissions == ("a",)


def test_one_trial_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two records for trial 0 of study 0 of a on w"):
        read(trial("a", "w", 0, 0, 0.1), trial("a", "w", 0, 0, 0.2))


def test_a_metric_where_higher_is_better_is_negated_first() -> None:
    ruler = ruler_of("w", {BUDGET / 2: [0.5], BUDGET: [0.6], 2 * BUDGET: [0.7]}, budget=BUDGET, lower_is_better=False)
    row = trial("a", "w", 0, 0, 0.0)
    row["curve"]["metric"] = np.array([0.1, 0.65])
    assert equivalents(pd.DataFrame([row]), {"w": ruler}, (1.0,)).gains.item() == pytest.approx(math.log(2) / 2)


def counting(*values: float, clock: str = "examples", **other: Any) -> list[float]:
    rows = [{**trial("a", "w", 0, i, gain), **other} for i, gain in enumerate(values)]
    return gains(read(*rows), clock).values[0, 0, 0, 0].tolist()


def test_the_best_of_the_first_k_trials_counts() -> None:
    assert counting(0.1, 0.3, 0.2) == pytest.approx([0.1, 0.3, 0.3])


def test_ties_go_to_the_lowest_index_whatever_they_cost() -> None:
    rows = [trial("a", "w", 0, i, 0.1) for i in range(2)]
    rows[1]["end_seconds"] /= 2
    assert gains(read(*rows), "seconds").values[0, 0, 0, 0, 1] == pytest.approx(0.1 - math.log(SECONDS))


def test_the_counting_trial_is_chosen_by_quality_on_every_clock_and_pays_its_own_cost() -> None:
    rows = [trial("a", "w", 0, 0, 0.1), trial("a", "w", 0, 1, 0.2)]
    rows[1]["end_seconds"] *= 3
    assert gains(read(*rows), "seconds").values[0, 0, 0, 0, 1] == pytest.approx(0.2 - math.log(3 * SECONDS))
    assert gains(read(*rows), "steps").values[0, 0, 0, 0, 1] == pytest.approx(0.2 + math.log(BATCH))


def test_a_trial_that_did_not_end_costs_the_median_of_the_submissions_complete_ones() -> None:
    rows = [trial("a", "w", j, 0, 0.1) for j in range(4)]
    for row, factor in zip(rows, (1.0, 2.0, 4.0), strict=False):
        row["end_seconds"] *= factor
    rows[3] = trial("a", "w", 3, 0, 0.1, status="failed")
    found = gains(read(*rows), "seconds")
    assert found.values[0, 0, 3].item() == pytest.approx(-math.log(8) - math.log(2 * SECONDS))
    assert not found.borrowed.any()


def test_what_diverged_does_not_say_what_an_example_costs() -> None:
    early = {"complete": True, "end_examples": BATCH, "end_seconds": 50 * BATCH * SECONDS}
    rows = [trial("a", "w", 0, 0, 0.1), {**trial("a", "w", 1, 0, 0.1, status=Status.DIVERGED), **early}]
    found = gains(read(*rows), "seconds")
    assert found.values[0, 0, 1].item() == pytest.approx(-math.log(8) - math.log(SECONDS))
    later = {**trial("a", "w", 1, 0, 0.1, status="reached"), **early, "ended_as": "diverged"}
    assert np.isnan(read({**rows[0], "ended_as": ""}, later).costs["seconds"][0, 0, 1]).all()


def test_steps_that_cost_and_teach_nothing_gain_nothing() -> None:
    rows = [trial("idle", "w", 0, 0, -9.0), trial("base", "w", 0, 0, 0.0), trial("quick", "w", 0, 0, -1.0)]
    rows[0]["end_seconds"] = rows[2]["end_seconds"] = 1e-3
    for clock in ("examples", "seconds"):
        found = gains(read(*rows), clock, "base")
        idle, base = (found.values[found.submissions.index(name)].item() for name in ("idle", "base"))
        assert idle - base == pytest.approx(-math.log(8))
        assert found.low[found.submissions.index("idle")].all()
    assert found.values[found.submissions.index("quick")].item() == pytest.approx(-1.0 - math.log(1e-3 / BUDGET))
    rows[0]["end_seconds"] = 3 * rows[1]["end_seconds"]
    assert gains(read(*rows), "seconds", "base").values[1].item() == pytest.approx(-math.log(8) - math.log(3 * SECONDS))


def test_a_submission_that_never_ends_costs_as_much_as_the_baseline_or_else_as_the_others_and_is_marked() -> None:
    rows = [trial("a", "w", 0, 0, 0.1, status="failed"), trial("base", "w", 0, 0, 0.1)]
    for baseline in ("base", ""):
        found = gains(read(*rows), "seconds", baseline)
        assert found.values[0].item() == pytest.approx(-math.log(8) - math.log(SECONDS))
        assert found.borrowed.tolist() == [[True], [False]]
    assert np.isnan(gains(read(rows[0]), "seconds").values[0]).all()
    assert not gains(read(*rows), "examples").borrowed.any()

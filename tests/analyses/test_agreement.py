"""Separable pairs and the agreement of halves, on values whose answers are known."""

import doctest
import math
import re
import sys
from collections.abc import Mapping, Sequence
from math import comb

import numpy as np
import pandas as pd
import pytest

from analyses import agreement, split_halves
from analyses.agreement import groups, named, read_board, report
from analyses.split_halves import half_agreement, splits
from harness.canonical import stable_seed
from harness.contracts.errors import BadInput
from harness.rules import FIRST_SCHEDULES
from harness.scoring import ScoringRules
from tests.scoring.compute_saved.gained import BUDGET, log_ruler, trial
from tests.scoring.frames import from_times

WORKLOADS = ("p", "q", "r", "s")
GAINS = {"fast": 0.3, "cosine": 0.0, "slow": -0.3}


def frame(gains: Mapping[str, Sequence[float]], times: Mapping[str, float], *, rulers: bool = True) -> pd.DataFrame:
    """Return trials of 3 studies with two ends, that gain about `gains` per workload and first reach the target at `times`."""
    rows = []
    for name, by_workload in gains.items():
        for workload, gain in zip(WORKLOADS, by_workload, strict=False):
            (met,) = from_times({name: {workload: [times[name]]}}, budget=BUDGET).to_dict("records")
            facts = {"workload": {"ruler": log_ruler(workload).to_json() if rulers else None}}
            for study in range(3):
                noise = 0.01 * np.random.default_rng(stable_seed(name, workload, study)).normal()
                for index, horizon in enumerate((0.5, 1.0)):
                    own = trial(name, workload, study, index, gain + noise, horizon=horizon)
                    reached = (
                        {key: met[key] for key in met if key.startswith("hit_")} if index and times[name] <= BUDGET else {}
                    )
                    hit = {"status": "reached", **reached, "hit_index": 0} if reached else {"hit_examples": math.inf}
                    rows.append({**met, "status": "missed", "hit_index": -1, **own, "facts": facts, **hit})
    return pd.DataFrame(rows)


def same_everywhere(gains: Mapping[str, float] = GAINS, **other: bool) -> pd.DataFrame:
    times = {name: BUDGET / 2 * math.exp(-gain) for name, gain in gains.items()}
    return frame({name: [gain] * len(WORKLOADS) for name, gain in gains.items()}, times, **other)


def test_the_examples_are_true() -> None:
    assert not any(doctest.testmod(module).failed for module in (agreement, split_halves))


@pytest.mark.parametrize(("workloads", "number"), [(2, 1), (3, 3), (5, 10), (11, 462), (12, 462), (13, 462), (20, 462)])
def test_splits_are_different_and_half_of_the_workloads_each(workloads: int, number: int) -> None:
    first = splits(workloads)
    assert len(first) == number
    halves = {frozenset((tuple(row), tuple(~row))) for row in first}
    assert len(halves) == number and set(first.sum(axis=1)) == {workloads // 2}


def test_all_splits_are_used_where_they_are_few_and_random_ones_repeat_with_their_seed() -> None:
    assert len(splits(8)) == comb(8, 4) // 2
    assert np.array_equal(splits(16), splits(16)) and not np.array_equal(splits(16), splits(16, seed=1))


def test_equal_orders_on_every_workload_agree_in_all_halves() -> None:
    found = half_agreement(np.array([[3.0], [2.0], [1.0]]) * np.ones(6) + np.arange(6))
    assert (found.splits, found.tau, found.undefined, found.same_first) == (10, 1.0, 0, 1.0)


def test_halves_that_contradict_each_other_have_a_tau_of_minus_one() -> None:
    found = half_agreement(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert (found.splits, found.tau, found.same_first) == (1, -1.0, 0.0)


def test_one_of_three_splits_agrees() -> None:
    """Against zero: 3 + 1 and 1 - 2; 3 + 1 and 1 - 2; 3 - 2 and 1 + 1."""
    found = half_agreement(np.array([[3.0, 1.0, 1.0, -2.0], [0.0] * 4]))
    assert (found.splits, found.tau, found.same_first) == (3, pytest.approx(-1 / 3), pytest.approx(1 / 3))


def test_a_half_that_ties_all_is_left_out_of_tau_and_ties_of_rounding_are_ties() -> None:
    found = half_agreement(np.array([[0.1 + 0.2, 1.0], [0.3, 0.0]]))
    assert found.undefined == 1 and math.isnan(found.tau) and found.same_first == 0
    # Ties of two of three: tau-b of orders (1, 2, 2) and (1, 2, 3) is 2 / sqrt(2 * 3).
    found = half_agreement(np.array([[2.0, 3.0], [1.0, 2.0], [1.0, 1.0]]))
    assert found.tau == pytest.approx(2 / math.sqrt(6)) and found.same_first == 1


def test_both_readings_give_the_order_that_was_put_in() -> None:
    board = read_board(same_everywhere(), ScoringRules())
    assert board.names == ("cosine", "fast", "slow") and not board.missing
    assert board.saved is not None and board.timed is not None
    assert board.saved.values == pytest.approx(np.array([[0.0], [0.3], [-0.3]]) * np.ones(4), abs=0.03)
    ratio = math.exp(0.3)
    assert board.timed.values == pytest.approx(np.array([[4 - ratio], [3], [4 - ratio**2]]) / 3 * np.ones(4))
    assert board.saved.count(board.names) == 3 and board.saved.count(["fast", "slow"]) == 1


def test_the_report_has_a_row_per_reading() -> None:
    text = report(same_everywhere(), ScoringRules())
    assert "| all 3 | these 3 pairs | 3 | 3 | 3 |" in text
    assert "| all 3 | speedup | 4 | 3 | 1.00 | 100% |" in text and "| all 3 | score | 4 | 3 | 1.00 | 100% |" in text
    assert "speedup" not in report(same_everywhere(), ScoringRules(), rank_by="score")


def test_chosen_submissions_are_adjusted_alone_and_within_the_board() -> None:
    lines = report(same_everywhere(), ScoringRules(), ["slow", "fast"]).splitlines()
    assert "| 2 chosen | this pair | 1 | 1 | 1 |" in lines and "| 2 chosen | all 3 pairs | 1 | 1 | 1 |" in lines


def test_holm_over_a_larger_board_separates_fewer_pairs() -> None:
    trials = same_everywhere({"cosine": 0.0, "near": 0.015, **{f"equal{k}": 0.0 for k in range(8)}})
    found = report(trials, ScoringRules(), ["cosine", "near"])
    assert re.findall(r"\| 2 chosen \| .* pairs? \| 1 \| (\d) \|", found) == ["1", "0"]


def test_without_rulers_only_times_are_read() -> None:
    text = report(same_everywhere(rulers=False), ScoringRules())
    assert "No speed-ups: these records carry no ruler." in text and "| all 3 | these 3 pairs | 3 | - | 3 |" in text
    assert "speedup" not in text and "| all 3 | score | 4 | 3 | 1.00 | 100% |" in text


def test_a_workload_that_one_did_not_run_is_in_no_half() -> None:
    trials = same_everywhere()
    board = read_board(trials[(trials.submission != "slow") | (trials.workload != "p")], ScoringRules())
    assert board.saved is not None and board.timed is not None
    assert board.saved.values.shape == board.timed.values.shape == (3, 3)


def test_the_ten_first_schedules_are_a_group_where_others_ran_too() -> None:
    assert list(groups(FIRST_SCHEDULES)) == ["all 10"]
    assert list(groups([*FIRST_SCHEDULES, "rsqrt"])) == ["all 11", "ten first schedules"]
    assert list(groups(FIRST_SCHEDULES[1:])) == ["all 9"]
    assert groups(["a", "b", "c"], ["c", "a"]) == {"2 chosen": ("a", "c")}


def test_what_cannot_be_compared_is_one_line() -> None:
    with pytest.raises(BadInput, match="'cosin' is not on this board; did you mean 'cosine'"):
        groups(["cosine", "rex"], ["cosin", "rex"])
    with pytest.raises(BadInput, match="at least two submissions"):
        groups(["cosine", "rex"], named("rex", ["rex"]))


def test_the_command_says_where_there_are_no_results(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["agreement", str(tmp_path)])
    assert agreement.main() == 2
    assert capsys.readouterr().err.startswith("agreement: no results in ")

"""Boards ranked by compute saved: what they print, when they fall back to times, and rows over part of the workloads."""

import io
import json
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from harness import BadInput
from harness.report.text.terminal import terminal_table
from harness.report.views.pair_matrix import pair_view
from harness.results import BoardInput, beside_reference
from harness.scoring import Board, ScoringRules, board_json, compare_both, comparison_json, quality_board, score_board
from harness.scoring.compute_saved import compute_saved
from harness.scoring.separable import look, look_sentence
from tests.scoring.compute_saved.gained import on_a_board, race, random_race, rulers_of, trial

WORKLOADS = [f"w{i}" for i in range(6)]
STUDIES = 3


def gains(**by_submission: float) -> dict[str, dict[str, list[float]]]:
    """Return gains of every submission around its own mean, with a little noise of each study, workload and submission."""
    noise = np.random.default_rng(0)
    return {
        name: {w: (gain + noise.normal(0, 0.01, STUDIES)).tolist() for w in WORKLOADS} for name, gain in by_submission.items()
    }


def at_both_horizons(values: Mapping[str, Mapping[str, list[float]]]) -> pd.DataFrame:
    half, whole = (race(values, horizon=h) for h in (0.5, 1.0))
    return pd.concat([half.assign(trial=0), whole.assign(trial=1)], ignore_index=True)


def board_of(trials: pd.DataFrame, **rules: object) -> Board:
    return score_board(on_a_board(trials), ScoringRules(**rules))


def test_a_board_ranks_by_the_speed_up_off_the_rulers_of_its_records() -> None:
    trials = at_both_horizons(gains(cosine=0.0, slow=-0.2, fast=0.3))
    board = board_of(trials)
    assert (board.ranked_by, board.baseline, board.saves_compute) == ("speedup", "cosine", True)
    assert [row.name for row in board.rows] == ["fast", "cosine", "slow"]
    fast = board.rows[0]
    assert fast.speedup == pytest.approx(math.exp(0.3), rel=0.02)
    assert fast.speedup_low is not None and fast.speedup_low < fast.speedup < (fast.speedup_high or 0)
    assert set(fast.speed_up.horizons) == {0.5, 1.0} and fast.speed_up.studies == STUDIES * len(WORKLOADS)
    assert all(pair.separable for pair in board.pairs)
    assert (
        board.verdict.startswith("fast leads: cosine needs 3")
        and "% more compute to get as far (95 % interval: " in board.verdict
    )
    assert board.verdict.endswith("and the lead over each of the 2 others is more than chance.")


def test_its_numbers_are_those_of_compute_saved() -> None:
    trials = random_race(np.random.default_rng(3), 4, 6, 3)
    board = score_board(on_a_board(trials), ScoringRules(baseline="s0"))
    found = compute_saved(trials, rulers_of(trials), (0.5, 1.0), baseline="s0")
    for row in board.rows:
        own = found.speed_ups[row.name]
        assert row.speedup == own.ratio and row.rank == found.ranks[row.name].rank
        assert (row.speed_up.limited, row.speed_up.studies, row.speed_up.over) == (own.limited, own.studies, own.width)
    assert {(p.a, p.b): p.p_holm for p in board.pairs} == {(p.a, p.b): p.p_holm for p in found.pairs}


def test_rank_by_score_keeps_the_speed_ups_and_orders_by_algoperf_s_score() -> None:
    trials = on_a_board(at_both_horizons(gains(cosine=0.0, fast=0.3)))
    hits = trials["submission"] == "cosine"
    trials.loc[hits, ["hit_examples", "hit_seconds", "hit_steps"]] = 1600.0
    trials.loc[hits, "hit_index"], trials.loc[hits, "status"] = 0, "reached"
    by_speed, by_score = score_board(trials), score_board(trials, ScoringRules(rank_by="score"))
    assert [row.name for row in by_speed.rows] == ["fast", "cosine"]
    assert [row.name for row in by_score.rows] == ["cosine", "fast"] and by_score.ranked_by == "score"
    assert {row.name: row.speedup for row in by_speed.rows} == {row.name: row.speedup for row in by_score.rows}
    assert {row.name: row.score_rank for row in by_speed.rows} == {row.name: row.rank for row in by_score.rows}
    with pytest.raises(BadInput, match="not by 'luck'"):
        ScoringRules(rank_by="luck")


def test_the_json_says_what_it_ranks_by_and_is_strict() -> None:
    value = board_json(board_of(at_both_horizons(gains(cosine=0.0, fast=0.3))), [])
    assert value["ranked_by"] == "speedup" and {"a", "b", "separable"} <= set(value["pairs"][0])
    fast = value["submissions"][0]
    assert set(fast["horizons"]) == {"0.5", "1"} and fast["limited_of"] == 18 and fast["limited"] == 0
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"facts": None}, "carry no ruler"),
        ({"status": "pruned", "complete": False}, "1 trial was pruned"),
        ({"status": "reached", "complete": False, "hit_index": 0}, "1 trial was pruned"),
    ],
)
def test_without_rulers_or_complete_trials_times_to_the_target_are_read(change: dict[str, object], says: str) -> None:
    trials = on_a_board(at_both_horizons(gains(cosine=0.0, fast=0.3)))
    rows = slice(None) if "facts" in change else trials.index[0]
    for name, value in change.items():
        trials.loc[rows, name] = value
    board = score_board(trials)
    assert not board.saves_compute and board.ranked_by == "score"
    assert any(says in note for note in board.notes)


def test_a_trial_that_failed_after_it_reached_its_target_is_no_pruned_one() -> None:
    trials = on_a_board(at_both_horizons(gains(cosine=0.0, fast=0.3)))
    at = trials.index[(trials.submission == "fast") & (trials.workload == "w0") & (trials.trial == 1)][0]
    cut = {name: values[:1] for name, values in trials.loc[at, "curve"].items()}
    trials.at[at, "curve"] = cut
    for name, value in {"status": "reached", "complete": False, "hit_index": 0, "ended_as": "failed"}.items():
        trials.loc[at, name] = value
    fast = next(row for row in score_board(trials).rows if row.name == "fast")
    assert fast.speed_up.limited == 1, "its final metric does not exist, so its gain is the least that is read"


def test_without_the_baseline_there_are_pairs_but_no_speed_ups() -> None:
    board = board_of(at_both_horizons(gains(linear=0.0, fast=0.3)))
    assert (board.ranked_by, board.baseline) == ("score", "")
    assert all(row.speedup is None for row in board.rows) and board.pairs[0].separable
    assert any("cosine did not run" in note for note in board.notes)


def test_a_submission_on_one_of_the_workloads_is_compared_on_that_one_and_has_no_score() -> None:
    values = gains(cosine=0.0, fast=0.3, slow=-0.2, mine=0.1)
    values["mine"] = {"w0": values["mine"]["w0"]}
    board = board_of(at_both_horizons(values), suite_workloads=(*WORKLOADS, "x"))
    mine = next(row for row in board.rows if row.name == "mine")
    assert (mine.rank, mine.rank_low, mine.rank_high) == (2, 1, 4)
    assert mine.score is None and mine.score_low is None and mine.speed_up.over == 1
    assert set(mine.not_run) == set(WORKLOADS[1:]) and "ran on 1 of 6 workloads" in mine.note
    assert board.not_run == ("x",)
    assert [row.rank for row in board.rows if row.name != "mine"] == [1, 2, 3], "the others rank among themselves"
    assert board.scores.keys() == {"cosine", "fast", "slow"} == {profile.name for profile in board.profiles}
    assert all("mine" not in scores for left in board.leave_out.values() for scores in left.values())


def test_a_workload_without_a_ruler_is_left_out_of_speed_ups_and_named() -> None:
    trials = on_a_board(at_both_horizons(gains(cosine=0.0, fast=0.3)))
    without = trials["workload"] == "w0"
    trials.loc[without, "facts"] = pd.Series([{"workload": {}}] * int(without.sum()), index=trials.index[without])
    board = score_board(trials)
    assert board.rows[0].speed_up.over == 5 and any("No ruler for w0" in note for note in board.notes)


def test_records_judged_by_different_rulers_are_refused() -> None:
    trials = on_a_board(at_both_horizons(gains(cosine=0.0, fast=0.3)))
    other = {"workload": {"ruler": trials.facts.iloc[0]["workload"]["ruler"] | {"version": 2}}}
    trials.at[trials.index[0], "facts"] = other
    with pytest.raises(BadInput, match=r"different rulers \(versions \d and \d\)"):
        score_board(trials)


def test_a_pair_that_rests_on_one_workload_is_named_with_it_wherever_it_is_shown() -> None:
    values = gains(cosine=0.0, even=0.0)
    values["even"] = {w: [g + d for g, d in zip(own, (-0.05, 0.05, 0.0), strict=True)] for w, own in values["cosine"].items()}
    values["even"]["w0"] = [g + 0.8 for g in values["cosine"]["w0"]]
    trials = on_a_board(at_both_horizons(values))
    board = score_board(trials)
    (pair,) = board.pairs
    assert pair.p_holm is not None and pair.p_holm <= 0.05 and (pair.p_without_one or 0) > 0.01
    assert (pair.separable, pair.rests_on) == (False, "w0")
    named = "Not separable, because the difference rests on one workload: cosine and even (w0)."
    assert named in board.notes
    (exported,) = board_json(board, [])["pairs"]
    assert exported["rests_on"] == "w0" and exported["p_without_one"] == pair.p_without_one
    assert pair_view(pair).verdict == "not separable" and pair_view(pair).p.endswith("after Holm, rests on one workload, w0")
    text = io.StringIO()
    terminal_table(board, Console(file=text, width=200))
    assert named in text.getvalue()
    both = compare_both(trials, "even", "cosine")
    assert both.saved is not None
    assert both.saved.sentence.endswith("not separable, because the difference rests on one workload, w0.")
    state = look(trials, "even", "cosine")
    assert state.p is not None and state.p <= 0.05 / 6 and (state.separable, state.next_look) == (False, 5)
    assert "not separable by compute saved at 3 studies; the difference rests on one workload, w0; the" in look_sentence(state)


def test_no_note_names_pairs_where_none_rests_on_one_workload() -> None:
    board = board_of(at_both_horizons(gains(cosine=0.0, fast=0.3)))
    assert board.pairs[0].separable and not any(note.startswith("Not separable") for note in board.notes)


def test_both_readings_of_two_submissions() -> None:
    trials = on_a_board(at_both_horizons(gains(cosine=0.0, fast=0.3, slow=-0.2)))
    both = compare_both(trials, "slow", "fast")
    assert both.saved is not None and both.times is not None
    assert both.saved.pair.ratio == pytest.approx(math.exp(-0.5), rel=0.02) and both.saved.pair.separable
    assert both.saved.sentence.startswith("fast has a speed-up of 1.6")
    assert both.saved.pair.p == next(p.p for p in score_board(trials).pairs if {p.a, p.b} == {"slow", "fast"})
    assert json.loads(json.dumps(comparison_json(both), allow_nan=False))["saved"]["pair"]["separable"] is True
    pruned = trials.assign(facts=None)
    assert compare_both(pruned, "slow", "fast").saved is None
    with pytest.raises(BadInput, match="with itself"):
        compare_both(trials, "fast", "fast")


def test_the_budget_track_ranks_by_speed_up_at_its_four_horizons() -> None:
    rows = [
        trial(name, w, j, k, gain + 0.01 * j * (k + 1) * (len(name) - 5), horizon=h, status="finished")
        for name, gain in {"cosine": 0.0, "fast": 0.2}.items()
        for w in WORKLOADS
        for j in range(STUDIES)
        for k, h in enumerate((0.125, 0.25, 0.5, 1.0))
    ]
    board = quality_board(on_a_board(pd.DataFrame(rows), track="budget"))
    assert (board.ranked_by, board.baseline, board.horizons) == ("speedup", "cosine", (0.125, 0.25, 0.5, 1.0))
    assert [row.name for row in board.rows] == ["fast", "cosine"] and board.rows[0].speed_up.value is not None
    assert board.rows[0].rank_low == 1 and "fast leads: cosine needs" in board.verdict


def given(trials: pd.DataFrame) -> BoardInput:
    return BoardInput(trials=trials)


def test_the_reference_result_stands_beside_new_trials() -> None:
    recorded = on_a_board(at_both_horizons(gains(cosine=0.0, fast=0.3)), machine_type="a")
    mine = on_a_board(at_both_horizons({"mine": {"w0": [0.1, 0.2, 0.15]}}), machine_type="a")
    both = beside_reference(given(mine), replace(given(recorded), suite_workloads=tuple(WORKLOADS)))
    assert both.from_reference == ("cosine", "fast") and both.suite_workloads == tuple(WORKLOADS)
    board = score_board(both.trials, ScoringRules(from_reference=both.from_reference))
    row = next(row for row in board.rows if row.name == "mine")
    assert row.speed_up.over == 1 and any("From the reference result" in note for note in board.notes)


def test_nothing_is_taken_from_the_reference_result_that_has_changed_since() -> None:
    recorded = on_a_board(at_both_horizons(gains(cosine=0.0, fast=0.3)))
    edited = on_a_board(at_both_horizons({"fast": {"w0": [0.1, 0.2, 0.15]}}))
    edited["facts"] = [facts | {"submission": {"content_hash": "edited"}} for facts in edited["facts"]]
    both = beside_reference(given(edited), given(recorded))
    assert set(both.trials[both.trials.submission == "fast"]["workload"]) == {"w0"}
    same = on_a_board(at_both_horizons({"fast": {"w0": [0.1, 0.2, 0.15]}}))
    rest = beside_reference(given(same), given(recorded)).trials
    assert set(rest[rest.submission == "fast"]["workload"]) == set(WORKLOADS) and not rest.duplicated("id").any()
    moved = same.copy()
    moved["facts"] = [facts | {"workload": {**facts["workload"], "version": 2}} for facts in moved["facts"]]
    assert set(beside_reference(given(moved), given(recorded)).trials.query("workload == 'w0'")["submission"]) == {"fast"}

import json
import math
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.records import PROTOCOL_VERSION, STATUSES
from harness.scoring import board_json, score_board
from harness.scoring.rules import ScoringRules
from tests.scoring.frames import from_times
from tests.scoring.frames import row as trial_row

INF = math.inf
time = st.one_of(st.just(INF), st.integers(1, 1000).map(float))


@st.composite
def tables(draw: st.DrawFn) -> dict[str, dict[str, list[float]]]:
    studies, width, height = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    return {
        f"s{i}": {f"w{k}": draw(st.lists(time, min_size=studies, max_size=studies)) for k in range(width)}
        for i in range(height)
    }


def dumped(trials: pd.DataFrame, **options: object) -> str:
    return json.dumps(board_json(score_board(trials, ScoringRules(baseline="s0", **options)), []), allow_nan=False)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_no_order_of_rows_changes_a_byte(table: dict[str, dict[str, list[float]]], generator: random.Random) -> None:
    trials = from_times(table)
    order = list(range(len(trials)))
    generator.shuffle(order)
    assert dumped(trials) == dumped(trials.iloc[order])


@settings(max_examples=25, deadline=None)
@given(tables())
def test_scores_and_ranks_lie_within_their_bounds_and_ranges(table: dict[str, dict[str, list[float]]]) -> None:
    board = score_board(from_times(table), ScoringRules(baseline="s0"))
    assert len(board.rows) == len(table) and len(board.pairs) == len(table) * (len(table) - 1) // 2
    for row in board.rows:
        assert 0 <= row.score <= 1 and 1 <= row.rank_low <= row.rank <= row.rank_high <= len(table)
        if row.score_low is not None and row.score_high is not None:
            assert 0 <= row.score_low <= row.score + 1e-12 and row.score - 1e-12 <= row.score_high <= 1
        if all(math.isinf(x) for studies in table[row.name].values() for x in studies):
            assert (row.score, row.score_low, row.targets_reached) == (0.0, None, 0)
    for profile, row in zip(board.profiles, board.rows, strict=True):
        steps = zip(profile.taus, profile.taus[1:], profile.values, strict=False)
        assert math.isclose(sum((b - a) * v for a, b, v in steps) / 3, row.score, abs_tol=1e-9)
    assert set(board.trials) <= set(STATUSES) and sum(board.trials.values()) == sum(row.trials for row in board.rows)


@settings(max_examples=20, deadline=None)
@given(tables(), st.floats(1.0, 3.0))
def test_a_further_submission_that_is_slower_everywhere_changes_no_score_or_speed_up(
    table: dict[str, dict[str, list[float]]], slower: float
) -> None:
    before = {row.name: row for row in score_board(from_times(table), ScoringRules(baseline="s0")).rows}
    worse = {w: [1000 + slower * x for x in studies] for w, studies in table["s0"].items()}
    after = {
        row.name: row for row in score_board(from_times({**table, "z": worse}, budget=9000.0), ScoringRules(baseline="s0")).rows
    }
    for name, row in before.items():
        assert after[name].score == row.score
        assert (after[name].rank < after["z"].rank) or row.score == 0


@settings(max_examples=20, deadline=None)
@given(tables(), st.integers(2, 9))
def test_scores_do_not_depend_on_the_unit_of_the_clock(table: dict[str, dict[str, list[float]]], unit: int) -> None:
    scaled = {s: {w: [x * 2.0**unit for x in studies] for w, studies in ws.items()} for s, ws in table.items()}
    a = score_board(from_times(table), ScoringRules(baseline="s0"))
    b = score_board(from_times(scaled, budget=1000 * 2.0**unit), ScoringRules(baseline="s0"))
    assert [(r.name, r.score, r.rank_low, r.rank_high) for r in a.rows] == [
        (r.name, r.score, r.rank_low, r.rank_high) for r in b.rows
    ]


def test_one_submission_alone_scores_its_share_of_targets() -> None:
    board = score_board(from_times({"a": {"w": [100, 200, 300], "v": [INF, INF, 5]}}), ScoringRules(baseline="a"))
    assert board.rows[0].score == 0.5
    assert board.pairs == () and board.adjacent_separable is None
    assert "Only a ran" in board.verdict


def test_all_missed_scores_zero_without_an_interval() -> None:
    board = score_board(from_times({"a": {"w": [INF] * 3}, "b": {"w": [INF] * 3}}), ScoringRules(baseline="a"))
    assert [(r.score, r.score_low, r.rank, r.speedup) for r in board.rows][1] == (0.0, None, 1, None)
    assert board.verdict == "No submission reaches a target."


@pytest.mark.parametrize(("studies", "words"), [(1, "only one study"), (2, "too few")])
def test_one_or_two_studies_give_no_interval_and_any_rank(studies: int, words: str) -> None:
    board = score_board(from_times({"a": {"w": [100.0] * studies}, "b": {"w": [300.0] * studies}}), ScoringRules(baseline="a"))
    for row in board.rows:
        assert row.score_low is None and (row.rank_low, row.rank_high) == (1, 2)
    assert all(pair.p is None and not pair.separable for pair in board.pairs)
    assert any(words in note for note in board.notes)


def test_a_missing_study_is_not_a_miss() -> None:
    board = score_board(from_times({"a": {"w": [100, math.nan, 300]}, "b": {"w": [200, 200, 200]}}), ScoringRules(baseline="b"))
    cell = next(row for row in board.rows if row.name == "a").cells["w"]
    assert (cell.time, cell.reached, cell.studies, cell.missing) == (200.0, 2, 2, 1)
    assert any("killed" in note for note in board.notes)


def test_a_submission_of_fewer_studies_lacks_none_and_says_how_many_it_has() -> None:
    """As one of three studies beside a reference result of five."""
    board = score_board(
        from_times({"a": {"v": [100] * 3, "w": [100, math.nan, 300]}, "b": {"v": [200] * 5, "w": [200] * 5}}),
        ScoringRules(baseline="b"),
    )
    rows = {row.name: row for row in board.rows}
    assert {label: cell.missing for label, cell in rows["a"].cells.items()} == {"v": 0, "w": 1}
    assert "1 study missing; 3 studies per workload, others have 5" in rows["a"].note
    assert "studies" not in rows["b"].note and not any(cell.missing for cell in rows["b"].cells.values())


def test_an_absent_baseline_leaves_out_speed_ups_and_says_so() -> None:
    board = score_board(from_times({"a": {"w": [100] * 3}}))
    assert board.rows[0].speedup is None and board.baseline == ""
    assert any("cosine did not run" in note for note in board.notes)


def test_a_base_counts_as_missed_where_its_held_out_variant_does_and_the_cell_says_so() -> None:
    board = score_board(
        from_times({"a": {"w": [100] * 3, "w+v": [500] * 3}, "b": {"w": [200] * 3, "w+v": [100] * 3}}),
        ScoringRules(baseline="a"),
    )
    scores = {row.name: row.score for row in board.rows}
    assert scores == {"a": 0.0, "b": 1.0}
    lost = next(row for row in board.rows if row.name == "a").cells["w"]
    assert lost.time == 100 and "held-out" in lost.note
    assert board.workloads == ("w",) and board.held_out == ("w+v",)


def test_of_an_even_number_of_studies_half_of_them_missed_the_median_is_missed() -> None:
    board = score_board(from_times({"a": {"w": [100, 100, INF, INF]}}), ScoringRules(baseline="a"))
    assert board.rows[0].cells["w"].time == INF
    assert any("Even numbers" in note for note in board.notes)


def test_without_the_fastest_submission_the_second_scores_more() -> None:
    board = score_board(
        from_times({"a": {"w": [100] * 3, "x": [100] * 3}, "b": {"w": [200] * 3, "x": [100] * 3}}), ScoringRules(baseline="a")
    )
    assert board.leave_out["submission"]["a"] == {"b": 1.0}
    assert board.leave_out["workload"]["w"] == {"a": 1.0, "b": 1.0}
    assert set(board.leave_out["family"]) == {"w", "x"}


def test_a_target_one_percent_easier_is_met_where_the_curve_first_meets_it() -> None:
    trials = pd.DataFrame(
        [trial_row("a", "w", j, 0, [2, 2, 2, 0.9]) for j in range(3)]
        + [trial_row("b", "w", j, 0, [1.005, 2, 2, 0.9]) for j in range(3)]
    )
    board = score_board(trials, ScoringRules(baseline="a"))
    assert {r.name: r.score for r in board.rows} == {"a": 1.0, "b": 1.0}
    assert board.easier["w"] == {"a": 0.0, "b": 1.0}


def test_seconds_from_several_machines_are_noted() -> None:
    trials = from_times({"a": {"w": [100] * 3}, "b": {"w": [100] * 3}})
    trials["machine"] = ["x"] * 3 + ["y"] * 3
    assert any("2 different machines" in note for note in score_board(trials, ScoringRules("seconds", baseline="a")).notes)
    assert not any("machines" in note for note in score_board(trials, ScoringRules(baseline="a")).notes)


def test_seconds_that_were_recorded_at_other_times_than_the_baselines_are_noted() -> None:
    trials = from_times({"a": {"w": [100] * 3}, "b": {"w": [100] * 3}, "c": {"w": [100] * 3}})
    hours = [0, 7, 20, 0, 7.5, 20, 1.5, 9, 23]
    start = datetime(2026, 11, 30, tzinfo=UTC)
    trials["created"] = [(start + timedelta(hours=hour)).isoformat() for hour in hours]

    def said(**rules: str) -> list[str]:
        return [note for note in score_board(trials, ScoringRules(**rules)).notes if "more than an hour" in note]

    assert len(said(clock="seconds", baseline="a")) == 1
    assert said(clock="seconds", baseline="a")[0].startswith("The seconds of c were recorded")
    assert said(clock="seconds", baseline="c")[0].startswith("The seconds of a and b were recorded")
    assert said(clock="examples", baseline="a") == []
    trials["created"] = ""
    assert said(clock="seconds", baseline="a") == []


def test_the_json_has_the_fixed_keys_first_and_no_infinity() -> None:
    value = board_json(
        score_board(from_times({"a": {"w": [INF] * 3}, "b": {"w": [1] * 3}}), ScoringRules(baseline="a")), [{"machine": "m"}]
    )
    assert list(value)[:5] == ["schema", "track", "clock", "suite", "ranked_by"]
    assert list(value)[5:9] == ["submissions", "workloads", "trials", "environment"]
    assert list(value["submissions"][0])[:10] == [
        *("name", "rank", "rank_low", "rank_high", "score", "score_low", "score_high"),
        *("speedup", "speedup_low", "speedup_high"),
    ]
    assert {"targets_reached", "workloads"} <= set(value["submissions"][0])
    assert list(value["submissions"][1]["workloads"]["w"])[:5] == ["time", "low", "high", "reached", "studies"]
    assert value["submissions"][1]["workloads"]["w"]["time"] is None
    json.dumps(value, allow_nan=False)


def test_a_board_pruned_for_the_score_only_shows_nothing_that_is_not_exact() -> None:
    trials = from_times({"a": {"w": [100, 100, INF]}, "b": {"w": [200, 200, 200]}})
    last = (trials["submission"] == "a") & (trials["study"] == 2)
    trials.loc[last, "status"] = "pruned"
    trials = trials.assign(pruned_by=last.map({True: "score-only", False: ""}), pruned_due=math.nan)
    trials.loc[last, "pruned_due"] = 500.0
    board = score_board(trials, ScoringRules(baseline="b", pruned_by=("score-only",)))
    assert [(row.name, row.score) for row in board.rows] == [("a", 1.0), ("b", pytest.approx(2 / 3))]
    for entry in board.rows:
        assert (entry.score_low, entry.speedup, entry.rank_low, entry.rank_high) == (None, None, 1, 2)
        assert entry.cells["w"].low is None
    assert board.pairs == () and any("score-only" in note for note in board.notes)
    board_json(board, [])


def test_the_verdict_says_where_the_leader_by_score_is_slower() -> None:
    """`a` is 2.5 times as fast on three workloads and `b` 30 times on one: the score counts workloads, the speed-up factors."""
    near, far = [200.0, 210.0, 205.0, 202.0, 208.0], [10.0, 10.4, 10.2, 10.1, 10.3]
    a = {"v": [x * 30 for x in far], "w": near, "x": near, "y": near}
    b = {"v": far, "w": [x * 2.5 for x in near], "x": [x * 2.5 for x in near], "y": [x * 2.5 for x in near]}
    board = score_board(from_times({"a": a, "b": b}), ScoringRules(baseline="a"))
    assert board.rows[0].name == "a" and (board.pairs[0].ratio or 0) < 1 and board.pairs[0].separable
    assert "but slower than b" in board.verdict


def test_scoring_imports_no_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import harness.scoring; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_board_says_under_which_protocol_its_records_were_made_if_that_is_not_todays() -> None:
    trials = from_times({"s0": {"w": [100.0, 200.0]}, "s1": {"w": [300.0, 200.0]}})

    def notes(*protocols: int) -> list[str]:
        board = score_board(trials.assign(protocol=protocols), ScoringRules(baseline="s0"))
        return [note for note in board.notes if "protocol" in note]

    today, old = PROTOCOL_VERSION, PROTOCOL_VERSION - 1
    assert not any("protocol" in note for note in score_board(trials, ScoringRules(baseline="s0")).notes)
    assert notes(today, today, today, today) == []
    assert notes(old, old, old, old) == [f"Recorded under protocol {old}; this version of timetrial runs protocol {today}."]
    assert notes(old, today, today, today) == [
        "Recorded under different protocols, so not exactly comparable: "
        f"protocol {old} (1 trial) and protocol {today} (3 trials)."
    ]

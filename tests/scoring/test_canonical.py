import json
import math
import random

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness import BadInput
from harness.scoring import board_json, score_board
from harness.scoring.canonical import canonical_studies
from harness.scoring.rules import ScoringRules
from harness.scoring.trial_table import checked
from tests.scoring.frames import complete_run, from_times, pruned_run, row, scripts


def as_json(trials: pd.DataFrame, clock: str = "examples", *, cost: bool = True) -> str:
    value = board_json(score_board(trials, ScoringRules(clock, baseline="s0")), [])
    if not cost:
        del value["trials"]
        for row in value["submissions"]:
            del row["race_cost"]
    return json.dumps(value, allow_nan=False)


@settings(max_examples=25, deadline=None)
@example(seed=536870912, workers=1, studies=1, trials=1)  # a variant that every submission skips
@given(seed=st.integers(0, 10**9), workers=st.integers(1, 9), studies=st.integers(1, 3), trials=st.integers(1, 4))
def test_pruning_changes_no_field_of_the_board_whatever_the_order_and_the_parallelism(
    seed: int, workers: int, studies: int, trials: int
) -> None:
    size = (3, 3, studies, trials)
    complete = complete_run(scripts(random.Random(seed), *size))
    pruned = pruned_run(scripts(random.Random(seed), *size), random.Random(seed + 1), workers)
    assert as_json(complete) == as_json(pruned)
    assert as_json(complete, "steps", cost=False) == as_json(pruned, "steps", cost=False)


def test_the_random_runs_contain_every_status() -> None:
    plan = scripts(random.Random(4), 3, 3, 3, 4)
    pruned = pruned_run(plan, random.Random(5), 2)
    assert {"reached", "missed", "diverged", "pruned", "skipped"} == set(pruned["status"])


def study(*rows: dict, clock: str = "examples"):  # type: ignore[no-untyped-def, type-arg]
    (found,) = canonical_studies(checked(pd.DataFrame(rows)), ScoringRules(clock))
    return found


def test_the_fastest_trial_wins_and_of_equal_ones_the_lowest_index() -> None:
    found = study(row("a", "w", 0, 0, [2, 2, 0.5]), row("a", "w", 0, 1, [2, 0.5]), row("a", "w", 0, 2, [2, 0.5]))
    assert (found.time, found.winner) == (200.0, 1)
    assert found.statuses == ("pruned", "reached", "pruned")


def test_a_lower_index_keeps_the_evaluation_at_the_winners_time_and_a_higher_one_does_not() -> None:
    found = study(row("a", "w", 0, 0, [2, 2, 2]), row("a", "w", 0, 1, [2, 0.5]), row("a", "w", 0, 2, [2, 2, 2]))
    assert found.counted == (2, 2, 1)


def test_the_race_cost_of_each_trial_ends_at_the_fastest_hit_of_its_study() -> None:
    diverged = row("a", "w", 0, 2, [2], status="diverged", end=150.0)
    found = study(row("a", "w", 0, 0, [2, 2, 2, 2]), row("a", "w", 0, 1, [2, 2, 0.5]), diverged)
    assert found.cost == 300 + 300 + 150


def test_a_trial_that_diverges_before_an_evaluation_that_is_not_needed_counts_as_pruned() -> None:
    diverged = row("a", "w", 0, 2, [2], status="diverged", end=150.0)
    assert study(row("a", "w", 0, 1, [2, 0.5]), diverged).statuses == ("reached", "pruned")


def test_a_killed_trial_makes_its_study_missing_not_missed() -> None:
    found = study(row("a", "w", 0, 0, [2], status="killed"), row("a", "w", 0, 1, [2, 2, 0.5]))
    assert found.missing and "killed" in found.reason


def test_a_trial_killed_after_another_was_faster_does_not_make_its_study_missing() -> None:
    found = study(row("a", "w", 0, 0, [2, 2], status="killed"), row("a", "w", 0, 1, [0.5]))
    assert not found.missing and found.time == 100


@pytest.mark.parametrize("status", ["failed", "timeout", "out-of-memory", "diverged"])
def test_a_trial_that_failed_counts_as_missed(status: str) -> None:
    found = study(row("a", "w", 0, 0, [2], status=status))
    assert not found.missing and math.isinf(found.time)


def test_a_study_whose_pruning_trial_is_gone_is_missing() -> None:
    found = study(row("a", "w", 0, 0, [2], status="pruned"))
    assert found.missing and "pruned one of its trials is gone" in found.reason


def test_a_study_with_fewer_trials_than_the_others_is_missing() -> None:
    rows = [row("a", "w", 0, 0, [0.5]), row("a", "w", 0, 1, [0.5]), row("a", "w", 1, 0, [0.5])]
    assert [s.missing for s in canonical_studies(checked(pd.DataFrame(rows)), ScoringRules())] == [False, True]


def test_a_variant_whose_base_missed_everywhere_is_skipped_in_every_record() -> None:
    trials = from_times({"a": {"w": [math.inf, math.inf], "w+v": [100, 100]}})
    board = score_board(trials, ScoringRules(baseline="a"))
    assert board.trials == {"missed": 2, "skipped": 2}


def test_another_clock_than_the_races_shows_bounds_where_a_pruned_trial_might_have_been_faster() -> None:
    slow = row("a", "w", 0, 0, [2, 2], status="pruned") | {"end_seconds": 1.0}
    board = score_board(pd.DataFrame([slow, row("a", "w", 0, 1, [2, 2, 0.5])]), ScoringRules("seconds", baseline="a"))
    assert board.rows[0].cells["w"].bound == "≤"
    assert any("without --prune" in note for note in board.notes)
    board = score_board(pd.DataFrame([slow, row("a", "w", 0, 1, [2, 2, 0.5])]), ScoringRules(baseline="a"))
    assert board.rows[0].cells["w"].bound == ""


def test_a_frame_that_cannot_be_scored_gives_one_plain_line() -> None:
    good = from_times({"a": {"w": [100]}})
    for frame, words in (
        (good.drop(columns="curve"), "lack the column 'curve'"),
        (good.iloc[:0], "no trials to score"),
        (pd.concat([good, good.assign(track="external", study=1)]), "one track"),
        (pd.concat([good, good]), "two records for trial 0"),
    ):
        with pytest.raises(BadInput, match=words) as error:
            score_board(frame)
        assert "\n" not in str(error.value)


def test_of_two_records_of_a_trial_the_newest_counts_where_dates_are_known() -> None:
    old, new = (from_times({"a": {"w": [time]}}, created=day) for time, day in ((100, "2026-01-01"), (300, "2026-01-02")))
    assert score_board(pd.concat([new, old]), ScoringRules(baseline="a")).rows[0].cells["w"].time == 300

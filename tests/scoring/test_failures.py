"""What failed or diverged counts as missed and is never called so."""

import csv
import io
import math

import pandas as pd
import pytest

from harness.report.text.exports import csv_text, markdown_table
from harness.report.views.ranking import cell_view
from harness.scoring import Board, board_json, compare, score_board
from harness.scoring.board_parts import Cell
from harness.scoring.rules import ScoringRules
from tests.scoring.frames import row

MISS, HIT = [2.0] * 10, [2.0, 0.5]


def trials(a: list[list[str]]) -> pd.DataFrame:
    """Return studies of `a` whose trials end with these statuses, beside a submission `b` that always reaches."""
    rows = [
        row("a", "w", j, k, HIT if status == "reached" else MISS, status=status)
        for j, study in enumerate(a)
        for k, status in enumerate(study)
    ]
    return pd.DataFrame([*rows, *(row("b", "w", j, 0, [2.0] * 3 + [0.5 - j / 10]) for j in range(len(a)))])


def board(a: list[list[str]]) -> Board:
    return score_board(trials(a), ScoringRules(baseline="b"))


def cell(made: Board) -> Cell:
    return next(r for r in made.rows if r.name == "a").cells["w"]


@pytest.mark.parametrize("status", ["failed", "timeout", "out-of-memory", "diverged"])
def test_a_cell_whose_trials_mostly_fail_is_called_by_their_status(status: str) -> None:
    made = board([[status, status], [status, "missed"], ["reached", status]])
    own = cell(made)
    assert (own.time, own.failure, own.missed, own.reached) == (math.inf, status, 1, 1)
    assert own.study_failures == (status, "", "") and own.contribution == 0
    view = cell_view(made, next(r for r in made.rows if r.name == "a"), "w")
    assert (view.text, view.misses, view.lost) == (status, f"missed 1 of 3, {status} 1 of 3", True)
    assert "a misses" not in made.verdict and "a " in made.verdict.split("; ")[-1]
    assert f"| {status} |" in markdown_table(made)


def test_where_most_trials_missed_or_as_many_did_the_cell_missed() -> None:
    assert cell(board([["missed", "failed"], ["missed", "missed"], ["failed", "missed"]])).failure == ""
    assert cell(board([["missed", "failed"], ["missed", "failed"], ["failed", "missed"]])).failure == ""
    assert cell(board([["diverged", "failed"], ["failed", "diverged"], ["missed", "reached"]])).failure == "diverged"


def test_a_cell_with_a_median_has_no_failure_but_names_its_failed_studies() -> None:
    made = board([["reached"], ["reached"], ["diverged"]])
    own = cell(made)
    assert math.isfinite(own.time) and own.failure == "" and own.failures == {"diverged": 1} and own.missed == 0
    view = cell_view(made, next(r for r in made.rows if r.name == "a"), "w")
    assert view.misses == "diverged 1 of 3" and view.detail.endswith("–diverged") and not view.lost
    assert "missed" not in markdown_table(made)


def test_a_killed_trial_makes_its_study_absent_and_no_failure() -> None:
    own = cell(board([["killed"], ["diverged"], ["diverged"]]))
    assert (own.studies, own.missing, own.study_failures) == (2, 1, ("diverged", "diverged"))


def test_the_verdict_names_who_fails_on_what() -> None:
    def text(status: str) -> str:
        return board([[status]] * 3).verdict

    assert text("diverged").endswith("a diverges on every workload.")
    assert text("failed").endswith("a fails on every workload.")
    assert text("timeout").endswith("a runs out of time on every workload.")
    assert text("out-of-memory").endswith("a runs out of memory on every workload.")
    assert text("missed").endswith("a misses every target.")


def test_tables_and_comparisons_say_the_status() -> None:
    made = board([["diverged"], ["diverged"], ["reached"]])
    line = next(line for line in csv.DictReader(io.StringIO(csv_text(made))) if line["submission"] == "a")
    assert (line["time"], line["missed"], line["failed"], line["high"]) == ("diverged", "0", "2", "diverged")
    assert line["study_times"] == "diverged diverged 200.0"
    own = next(s for s in board_json(made, [])["submissions"] if s["name"] == "a")["workloads"]["w"]
    assert (own["time"], own["failure"], own["study_failures"]) == (None, "diverged", ["diverged", "diverged", ""])
    found = compare(trials([["diverged"], ["diverged"], ["reached"]]), "a", "b")
    assert found.failures == {"w": ("diverged", "")}

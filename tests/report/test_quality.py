"""Boards without a race: that of the budget track, and the sensitivity alone or on the page of a race."""

import csv
import io
import json

import pytest
from rich.console import Console

from harness import BadInput
from harness.report import scored_board, terminal_table, words, write_report
from harness.results import BoardInput
from harness.scoring.rules import ScoringRules

from .boards import board_trials, budget_trials, sensitivity_trials
from .reading import read


@pytest.mark.parametrize("simulate", [budget_trials, sensitivity_trials])
def test_equal_trials_give_equal_bytes_in_any_order(simulate, tmp_path):
    trials = simulate()
    for name, frame in (("a", trials), ("b", trials.sample(frac=1, random_state=3))):
        write_report(BoardInput(frame), tmp_path / f"{name}.html")
    for suffix in (".html", ".json", ".csv"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    json.loads((tmp_path / "a.json").read_text(), parse_constant=lambda text: pytest.fail(text))


def test_the_budget_page_has_a_ranking_and_a_figure_and_a_table_per_workload(tmp_path):
    write_report(BoardInput(budget_trials()), tmp_path / "b.html")
    text = " ".join(read(tmp_path / "b.html").text)
    for share in ("12.5 %", "25 %", "50 %", "100 %"):
        assert share in text
    html = (tmp_path / "b.html").read_text()
    assert html.count("<figure>") == 2
    assert "Pairs" not in text
    rows = list(csv.DictReader(io.StringIO((tmp_path / "b.csv").read_text())))
    assert len(rows) == 3 * 2 * 4
    assert {row["studies"] for row in rows} == {"3"}


def test_a_budget_board_with_rulers_has_a_speed_up_in_each_share_s_column_and_its_interval_beside_the_mean(tmp_path):
    trials = budget_trials(rulers=True)
    write_report(BoardInput(trials), tmp_path / "b.html")
    text = " ".join(" ".join(read(tmp_path / "b.html").text).split())
    for row in scored_board(trials).rows:
        own = row.speed_up
        cells = [
            f"{words.ratio_text(own.horizons[q.share].value)} {q.mean_rank:.2f} · {words.score(q.regret)}" for q in row.shares
        ]
        assert " ".join(cells) in text and words.ratio_span(own.low, own.high) in text


def test_the_page_of_a_race_has_the_sensitivity_of_the_same_suite(tmp_path):
    race = board_trials(["cosine", "linear"], {"w": (2.3, 0.9)}, studies=1, trials=1)
    write_report(BoardInput(race), tmp_path / "without.html", figures=False)
    write_report(BoardInput(race, sensitivity=sensitivity_trials()), tmp_path / "with.html")
    assert 'id="sensitivity"' not in (tmp_path / "without.html").read_text()
    assert "Sensitivity to the peak learning rate" in " ".join(read(tmp_path / "with.html").text)
    without, with_ = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("without", "with"))
    assert {row["name"] for row in with_.pop("sensitivity")} == {"cosine", "linear", "rex"}
    assert with_ == without


def test_a_board_without_a_race_has_one_clock_only(tmp_path):
    with pytest.raises(BadInput, match="--clock seconds"):
        write_report(BoardInput(budget_trials()), tmp_path / "b.html", ScoringRules("seconds"))


def test_the_terminal_shows_every_submission_once():
    for trials in (budget_trials(), sensitivity_trials()):
        board = scored_board(trials)
        console = Console(width=100, record=True, file=io.StringIO())
        terminal_table(board, console)
        lines = console.export_text().splitlines()
        for name in ("cosine", "linear", "rex"):
            assert sum(name in line.split() for line in lines[:5]) == 1

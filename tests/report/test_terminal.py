"""The terminal's table fits the width of the terminal and has the numbers of the page."""

import io

import pytest
from rich.console import Console

from harness.report import terminal_table
from harness.scoring.board import score_board

from .boards import SCHEDULES, board_trials


@pytest.fixture(scope="module")
def board():
    return score_board(board_trials())


def printed(board, width, *, terminal=False, plain=False, **more):
    out = io.StringIO()
    terminal_table(
        board,
        Console(file=out, width=width, force_terminal=terminal, color_system="truecolor" if terminal and not plain else None),
        **more,
    )
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_every_submission_has_one_line_with_rank_and_score_at_this_width(board, width):
    lines = printed(board, width).splitlines()
    assert max(map(len, lines)) <= width
    for row in board.rows:
        (line,) = [line for line in lines if f"  {row.name}  " in line]
        assert line.split()[0] == str(row.rank)
        assert f"{row.score:.3f}" in line
        assert f"×{row.speedup:.2f}" in line


def test_at_eighty_columns_no_number_is_cut_on_a_terminal():
    long = {"a_submission_with_a_very_long_name": SCHEDULES["rex"], **SCHEDULES}
    for rulers in (True, False):
        board = score_board(board_trials(long, rulers=rulers))
        lines = printed(board, 80, terminal=True, plain=True).splitlines()
        assert max(map(len, lines)) <= 80
        for row in board.rows:
            assert any(f"{row.score:.3f}" in line and f"×{row.speedup:.2f}" in line for line in lines)


def test_only_a_wide_table_has_the_times_on_the_workloads(board):
    assert "digits_mlp" in printed(board, 120)
    assert "digits_mlp" not in printed(board, 80)
    assert "the times on 3 workloads do not fit here; they are on the page" in printed(board, 80)


def test_what_a_newcomer_has_not_met_is_said_in_words_below_the_table():
    board = score_board(board_trials(rulers=True))
    said = " ".join(printed(board, 80).split())
    assert "suite; compute is counted in training examples; ranked by speed-up: by what factor more compute" in said
    words = "at 0.5: of the runs over ½ budget alone; at 1: of the runs over the whole budget alone; limited: studies in which"
    assert words in said and "range: 95 % range of the rank of this row alone, blank where it is one rank; " in said
    assert ("≤: at most" in said) == any("≤" in str(row.speed_up.bound) for row in board.rows)
    narrow = " ".join(printed(board, 60).split())
    assert ("limited:" in narrow) == (" limited " in narrow), "what is not shown needs no words"
    timed = " ".join(printed(score_board(board_trials()), 80).split())
    assert "targets: workloads whose target most studies reached" in timed and "at 0.5" not in timed


def test_the_verdict_follows_the_table(board):
    assert printed(board, 200).splitlines()[-1] == board.verdict


def test_without_a_terminal_the_text_has_no_escapes_and_no_rules(board):
    text = printed(board, 100)
    assert "\x1b" not in text
    assert "─" not in text
    assert "\x1b" in printed(board, 100, terminal=True)


def test_skipped_workloads_are_named_with_their_reason(board):
    assert "skipped census_dlrm: no internet" in printed(board, 100, skipped={"census_dlrm": "no internet"})


def test_a_name_cannot_change_the_colour_of_the_terminal_or_clear_it():
    hostile = "\x1b[2J[red]x[/red]"
    text = printed(score_board(board_trials([hostile, "cosine"], studies=1, trials=2)), 120)
    assert "\x1b" not in text
    assert "[red]x[/red]" in text

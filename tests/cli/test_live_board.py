"""How often a run reads all its records for a board."""

from __future__ import annotations

import pandas as pd

from harness.cli.running import live_board
from harness.cli.running.live_board import LiveBoard
from harness.plan import Request, make_plan
from harness.results import BoardInput


def test_a_board_without_a_complete_study_is_not_due_again_at_once(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(live_board.time, "monotonic", lambda: now[0])

    def read(*_, **__):
        now[0] += 18.0
        return BoardInput(pd.DataFrame())

    monkeypatch.setattr(live_board, "board_input", read)
    board = LiveBoard(make_plan(Request(submissions=("rex",), suite="smoke")), tmp_path, None)
    now[0] += 1000.0
    assert board.due
    board.write(figures=False)
    assert not board.due
    now[0] += 18.0 / live_board.BOARD_SHARE + live_board.BOARD_SECONDS
    assert board.due

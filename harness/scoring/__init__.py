"""Scores, intervals and verdicts: pure functions from a DataFrame of trials to a board. Never imports torch."""

from harness.scoring.board import score_board
from harness.scoring.entries import Board, Cell, Pair, Profile, Row, WorkloadRatio
from harness.scoring.export import board_json

__all__ = ["Board", "Cell", "Pair", "Profile", "Row", "WorkloadRatio", "board_json", "score_board"]

"""Scores, intervals and verdicts: pure functions from a DataFrame of trials to a board. Nothing here imports torch."""

from harness.scoring.board import score_board
from harness.scoring.board_parts import Board, Cell, Pair, Profile, Row, WorkloadRatio
from harness.scoring.compare import Comparison, compare
from harness.scoring.compare_saved import BothReadings, SavedComparison, compare_both, comparison_json
from harness.scoring.export import board_json
from harness.scoring.quality import Quality, score_budget, trivial_metrics
from harness.scoring.quality_board import QualityBoard, QualityRow, quality_board
from harness.scoring.quality_export import quality_json
from harness.scoring.rules import ScoringRules
from harness.scoring.sensitivity import RateRow, Sensitivity, rate_losses, sensitivities, sensitivity
from harness.scoring.separable import LOOKS, Look, look, look_sentence

__all__ = [
    "LOOKS",
    "Board",
    "BothReadings",
    "Cell",
    "Comparison",
    "Look",
    "Pair",
    "Profile",
    "Quality",
    "QualityBoard",
    "QualityRow",
    "RateRow",
    "Row",
    "SavedComparison",
    "ScoringRules",
    "Sensitivity",
    "WorkloadRatio",
    "board_json",
    "compare",
    "compare_both",
    "comparison_json",
    "look",
    "look_sentence",
    "quality_board",
    "quality_json",
    "rate_losses",
    "score_board",
    "score_budget",
    "sensitivities",
    "sensitivity",
    "trivial_metrics",
]

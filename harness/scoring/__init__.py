"""Scores, intervals and verdicts: pure functions from a DataFrame of trials to a board. Nothing here imports torch."""

from typing import TYPE_CHECKING

from harness.first_use import on_first_use

if TYPE_CHECKING:
    from harness.scoring.board import score_board as score_board
    from harness.scoring.board_parts import Board as Board
    from harness.scoring.board_parts import Cell as Cell
    from harness.scoring.board_parts import Pair as Pair
    from harness.scoring.board_parts import Profile as Profile
    from harness.scoring.board_parts import Row as Row
    from harness.scoring.board_parts import WorkloadRatio as WorkloadRatio
    from harness.scoring.compare import Comparison as Comparison
    from harness.scoring.compare import compare as compare
    from harness.scoring.compare_saved import BothReadings as BothReadings
    from harness.scoring.compare_saved import SavedComparison as SavedComparison
    from harness.scoring.compare_saved import compare_both as compare_both
    from harness.scoring.compare_saved import comparison_json as comparison_json
    from harness.scoring.export import board_json as board_json
    from harness.scoring.quality import Quality as Quality
    from harness.scoring.quality import score_budget as score_budget
    from harness.scoring.quality import trivial_metrics as trivial_metrics
    from harness.scoring.quality_board import QualityBoard as QualityBoard
    from harness.scoring.quality_board import QualityRow as QualityRow
    from harness.scoring.quality_board import quality_board as quality_board
    from harness.scoring.quality_export import quality_json as quality_json
    from harness.scoring.rules import ScoringRules as ScoringRules
    from harness.scoring.sensitivity import RateRow as RateRow
    from harness.scoring.sensitivity import Sensitivity as Sensitivity
    from harness.scoring.sensitivity import rate_losses as rate_losses
    from harness.scoring.sensitivity import sensitivities as sensitivities
    from harness.scoring.sensitivity import sensitivity as sensitivity
    from harness.scoring.separable import LOOKS as LOOKS
    from harness.scoring.separable import Look as Look
    from harness.scoring.separable import look as look
    from harness.scoring.separable import look_sentence as look_sentence

if not TYPE_CHECKING:  # a type checker would take a module's `__getattr__` to mean that every name exists
    __getattr__, __dir__ = on_first_use(__name__, __file__)

"""What a reader needs to trust a board."""

from harness.report.views.integrity import integrity
from harness.scoring.board import score_board

from .boards import board_trials


def test_a_trial_whose_other_threads_worked_is_flagged():
    trials = board_trials(["cosine", "rex"], studies=1, trials=1)
    trials["environment"] = [{**e, "device": "cpu"} for e in trials["environment"]]
    trials["clocks"] = [{"seconds": 1.0, "process_seconds": 2.0 if name == "rex" else 1.05} for name in trials["submission"]]
    assert dict(integrity(trials, score_board(trials)).helped) == {"rex": int((trials["submission"] == "rex").sum())}

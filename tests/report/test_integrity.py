"""The integrity section flags what makes a board less trustworthy."""

from harness.report.views.content import RaceContent
from harness.report.views.integrity import race_integrity
from harness.scoring.board import score_board

from .boards import board_trials


def test_a_trial_whose_other_threads_worked_is_flagged():
    trials = board_trials(["cosine", "rex"], studies=1, trials=1)
    trials["environment"] = [{**e, "device": "cpu"} for e in trials["environment"]]
    trials["clocks"] = [{"seconds": 1.0, "process_seconds": 2.0 if name == "rex" else 1.05} for name in trials["submission"]]
    content = RaceContent(board=score_board(trials), trials=trials)
    assert dict(race_integrity(content).helped) == {"rex": int((trials["submission"] == "rex").sum())}

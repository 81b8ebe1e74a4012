"""A replayed race ends its trials where a pruned run does, and its board is the unpruned one."""

import pytest

from analyses.pruning_replay import board_text, compare_runs, scores_of
from analyses.recorded_race import replay
from harness.results import ResultStore, read_trials
from harness.scoring.trial_table import checked
from tests.execution.commands import timetrial
from tests.report.boards import board_trials

SMALL = (
    "run",
    "--suite",
    "smoke",
    "-w",
    "digits_mlp",
    "-s",
    "linear",
    "-s",
    "constant",
    "--studies",
    1,
    "--executor",
    "inline",
)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_board_of_the_replayed_records_is_the_unpruned_one(workers):
    trials = board_trials(["cosine", "constant", "rex"], {"w": (2.3, 0.9)})
    trials["clocks"] = [{"setup_seconds": 0.1, "evaluation_seconds": 0.2}] * len(trials)
    trials["end_examples"] = [curve["examples"][-1] for curve in trials["curve"]]
    found = replay(trials, list(trials["id"]), workers)
    assert board_text(found.trials) == board_text(trials)
    assert found.examples[1] < found.examples[0] and found.seconds[1] < found.seconds[0]
    assert found.statuses["pruned"] > 0


@pytest.mark.parametrize("workers", [1, 3])
def test_the_replay_for_the_score_only_keeps_the_scores_and_spends_less(workers):
    trials = checked(board_trials(["cosine", "constant", "rex"], {"w": (2.3, 0.9)}))
    trials["clocks"] = [{"setup_seconds": 0.1, "evaluation_seconds": 0.2}] * len(trials)
    trials["end_examples"] = [curve["examples"][-1] for curve in trials["curve"]]
    assert trials["study"].nunique() % 2
    order = list(trials.sort_values(["study", "trial"])["id"])
    safe, cut = (replay(trials, order, workers, prune=prune) for prune in ("safe", "score-only"))
    assert scores_of(cut.trials, ["score-only"]) == scores_of(trials)
    assert cut.examples[1] < safe.examples[1]


def test_a_replay_with_one_worker_spends_what_a_pruned_run_spends(tmp_path):
    assert timetrial(*SMALL, "--results", tmp_path / "whole", writes_board=False).returncode == 0
    assert timetrial(*SMALL, "--prune", "safe", "--results", tmp_path / "pruned", writes_board=False).returncode == 0
    order = [name for note in ResultStore(tmp_path / "whole").runs() for name in note.trials]
    found = replay(read_trials(tmp_path / "whole"), order, 1)
    pruned = read_trials(tmp_path / "pruned")
    assert found.statuses == pruned["status"].value_counts().to_dict()
    assert found.examples[1] == pruned["end_examples"].sum()
    met = compare_runs(read_trials(tmp_path / "whole"), tmp_path / "pruned", "schedule")
    assert met["board_equal"] and met["statuses"] == found.statuses
    assert tuple(met["examples"].values()) == found.examples
    assert found.seconds[1] < found.seconds[0] == met["cpu_seconds"]["unpruned"]  # of one run: two runs' seconds vary
    assert met["cpu_seconds"]["pruned"] > 0

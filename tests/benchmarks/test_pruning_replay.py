"""The replay of pruning says what a pruned run really does, and its board is the unpruned one."""

import pytest

from harness import load_results
from harness.results import ResultStore
from tests.benchmarks.pruning_replay import board_text, replay
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
def test_the_board_of_the_cut_records_is_the_unpruned_one(workers):
    trials = board_trials(["cosine", "constant", "rex"], {"w": (2.3, 0.9)})
    trials["evaluation_period"] = 64_000 / 30
    trials["clocks"] = [{"setup_seconds": 0.1, "evaluation_seconds": 0.2}] * len(trials)
    trials["end_examples"] = [curve["examples"][-1] for curve in trials["curve"]]
    found = replay(trials, list(trials["id"]), workers)
    assert board_text(found.trials) == board_text(trials)
    assert found.examples[1] < found.examples[0] and found.seconds[1] < found.seconds[0]
    assert found.statuses["pruned"] > 0


def test_one_worker_replayed_spends_what_a_pruned_run_spends(tmp_path):
    assert timetrial(*SMALL, "--no-prune", "--results", tmp_path / "whole").returncode == 0
    assert timetrial(*SMALL, "--results", tmp_path / "pruned").returncode == 0
    order = [name for note in ResultStore(tmp_path / "whole").runs() for name in note.trials]
    found = replay(load_results(tmp_path / "whole"), order, 1)
    pruned = load_results(tmp_path / "pruned")
    assert found.statuses == pruned["status"].value_counts().to_dict()
    assert found.examples[1] == pruned["end_examples"].sum()

"""Costs and times of a suite's trials are read from its complete records."""

import math

from analyses.suite_trials import trial_facts
from harness.records import PROTOCOL_VERSION
from tests.report.boards import board_trials


def test_costs_are_from_full_budgets_and_times_from_all_trials_that_reach():
    trials = board_trials(["cosine", "constant"], {"w": (2.3, 0.9)})
    trials["complete"] = True
    trials["end_examples"] = trials["budget_examples"]
    trials["end_seconds"] = 3.0
    trials["clocks"] = [{"evaluation_seconds": 1.0}] * len(trials)
    trials.loc[trials.index[0], ["end_examples", "end_seconds"]] = [
        0.0,
        99.0,
    ]  # a short horizon says nothing of the budget's cost
    diverged = int((trials["status"] == "diverged").sum())
    (facts,) = trial_facts(trials).values()
    hits = [hit for hit in trials["hit_examples"] if math.isfinite(hit)]
    assert (facts["trials"], facts["reached"], facts["whole"]) == (len(trials), len(hits), len(trials) - 1 - diverged)
    assert facts["protocol"] == PROTOCOL_VERSION
    assert (facts["seconds"], facts["evaluation_share"]) == (4.0, 0.25)
    assert (facts["earliest"], facts["latest"]) == (min(hits), max(hits))

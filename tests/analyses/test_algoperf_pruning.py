"""Hours that pruning saves on AlgoPerf's table, as in docs/scoring.md, at equal scores."""

from pathlib import Path

import pytest

from analyses.algoperf_pruning import ORDERS, RULES, ceilings, scores_of
from analyses.first_hit_race import TableRace, table_trials
from harness.pruning import SCORE_ONLY

DOCS = Path(__file__).parents[2] / "docs" / "scoring.md"


@pytest.fixture(scope="module")
def trials():
    return table_trials()[0]


def row(order, machines, saved):
    return f"| {order} | {machines} | {' | '.join(f'{saved[rules]:.1%}' for rules in RULES)} |"


def test_the_hours_of_the_table_and_what_a_known_outcome_saves(trials):
    assert sum(trial.end for trial in trials) / 3600 == pytest.approx(29_770, abs=1)
    assert row("bests known in advance", "", ceilings(trials)) in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("order, machines", [("study by study", 8), ("best first", 1)])
def test_a_simulated_race_keeps_the_scores_and_saves_what_the_docs_say(trials, order, machines):
    total, saved = sum(trial.end for trial in trials), {}
    for rules, names in RULES.items():
        outcome = TableRace(trials, ORDERS[order], machines, names).run()
        assert scores_of(outcome, [SCORE_ONLY] if SCORE_ONLY in names else ()) == scores_of(None)
        saved[rules] = 1 - outcome.seconds / total
    assert row(order, machines, saved) in DOCS.read_text(encoding="utf-8")

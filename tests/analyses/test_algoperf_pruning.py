"""What pruning saves on AlgoPerf's table, as docs/scoring.md says, at equal scores."""

from pathlib import Path

import pytest

from analyses.algoperf_pruning import ORDERS, RULES, Replay, ceilings, runs, scored
from harness.pruning import SCORE_ONLY

DOCS = Path(__file__).parents[2] / "docs" / "scoring.md"


@pytest.fixture(scope="module")
def trials():
    return runs()[0]


def row(order, machines, saved):
    return f"| {order} | {machines} | {' | '.join(f'{saved[rules]:.1%}' for rules in RULES)} |"


def test_the_hours_of_the_table_and_what_knowledge_of_the_outcome_saves(trials):
    assert sum(run.end for run in trials) / 3600 == pytest.approx(29_770, abs=1)
    assert row("bests known in advance", "", ceilings(trials)) in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("order, machines", [("study by study", 8), ("best first", 1)])
def test_a_replay_keeps_the_scores_and_saves_what_the_docs_say(trials, order, machines):
    total, saved = sum(run.end for run in trials), {}
    for rules, names in RULES.items():
        outcome = Replay(trials, ORDERS[order], machines, names).run()
        assert scored(outcome, [SCORE_ONLY] if SCORE_ONLY in names else ()) == scored(None)
        saved[rules] = 1 - outcome.seconds / total
    assert row(order, machines, saved) in DOCS.read_text(encoding="utf-8")

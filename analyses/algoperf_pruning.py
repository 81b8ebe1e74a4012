"""The hours that pruning would have saved AlgoPerf v0.5, external tuning: its official table of first hits run as a race.

    python -m analyses.algoperf_pruning [--machines 1 8 32 128] [--json]

The command prints first what would be saved if the outcome were known in advance, then what a race of all trials saves on so
many machines in two orders of dispatch: with the safe rules, with the safe rules but the one on held-out variants, and with
the rules that keep only the score. The scores of every race are compared with those of the full table; the exit status is 1
if one differs. What the simulation assumes stands in `analyses/first_hit_race.py`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from statistics import median

import pandas as pd

from analyses.first_hit_race import (
    HELD_OUT,
    Cell,
    Order,
    Outcome,
    TableRace,
    TableTrial,
    best_first,
    study_by_study,
    table_trials,
)
from harness.compat.first_hits import first_hits
from harness.pruning import SCORE_ONLY
from harness.records import Status
from harness.scoring.canonical import canonical_studies
from harness.scoring.profiles import CUT_OFF, scores
from harness.scoring.rules import ScoringRules
from harness.scoring.study_times import build_study_times
from harness.scoring.trial_table import checked

HOUR = 3600.0
INF = math.inf

RULES = {
    "safe, no held-out rule": frozenset[str](),
    "safe": frozenset({HELD_OUT}),
    SCORE_ONLY: frozenset({HELD_OUT, SCORE_ONLY}),
}
ORDERS: dict[str, Order] = {"study by study": study_by_study, "best first": best_first}

WITHOUT_OWN_MEDIAN = "score-only, not stopped at the own median"


def ceilings(trials: Sequence[TableTrial]) -> dict[str, float]:
    """Return the share of hours saved if every fastest time and median were known and studies ran in their order.

    "score-only": a trial runs up to the fastest time of its study, the median of its cell, or 4 times the column's smallest
    median, whichever comes first; a cell stops once most of its studies have missed, and its variants are not begun. An order
    that finishes the cheap studies first can save more. `WITHOUT_OWN_MEDIAN`: the same without the median of the own cell.
    """
    total = sum(trial.end for trial in trials)
    fastest: dict[Cell, float] = {}
    for trial in trials:
        fastest[trial.cell] = min(fastest.get(trial.cell, INF), trial.hit)
    studies: dict[tuple[str, str], dict[int, float]] = {}
    for (submission, label, study), time in sorted(fastest.items()):
        studies.setdefault((submission, label), {})[study] = time
    medians = {key: median(times.values()) for key, times in studies.items()}
    smallest: dict[str, float] = {}
    for (_, label), time in medians.items():
        smallest[label] = min(smallest.get(label, INF), time)
    last_needed = {key: _last_needed_study(times) for key, times in studies.items()}
    no_held_out_rule = safe = score_only = without_own_median = 0.0
    for trial in trials:
        key, base = trial.cell[:2], (trial.cell[0], trial.base)
        cost = min(trial.end, fastest[trial.cell])
        no_held_out_rule += cost
        safe += 0 if trial.held_out and min(studies.get(base, {}).values(), default=INF) == INF else cost
        not_needed = trial.cell[2] > last_needed[key] or (trial.held_out and math.isinf(medians.get(base, INF)))
        scoring = 0 if not_needed else min(cost, CUT_OFF * smallest[trial.cell[1]])
        without_own_median += scoring
        score_only += min(scoring, medians[key])
    hours = {
        "safe, no held-out rule": no_held_out_rule,
        "safe": safe,
        SCORE_ONLY: score_only,
        WITHOUT_OWN_MEDIAN: without_own_median,
    }
    return {name: 1 - spent / total for name, spent in hours.items()}


def _last_needed_study(times: dict[int, float]) -> float:
    """The study at which a missed median is decided, as most studies have missed by then; inf where the median is a hit."""
    missed = [study for study, time in times.items() if math.isinf(time)]
    return missed[len(times) // 2] if math.isinf(median(times.values())) else INF


def scores_of(outcome: Outcome | None, pruned_by: Sequence[str] = ()) -> dict[str, float]:
    """Return the scores of the table, or of the records that a simulated race leaves of it."""
    trials = checked(first_hits().trials).assign(pruned_by="", pruned_due=math.nan)
    if outcome is not None:
        keys = zip(trials["submission"], trials["workload"], trials["study"], trials["trial"], strict=True)
        ends = [outcome.ended[(s, w, int(j)), int(k)] for s, w, j, k in keys]
        how = pd.Series([kind for kind, _ in ends])
        seconds = pd.Series([spent for _, spent in ends])
        cut = ~how.isin([str(Status.REACHED), str(Status.MISSED)])
        trials["status"] = how.replace(SCORE_ONLY, str(Status.PRUNED))
        trials.loc[cut, ["hit_index", "hit_seconds", "hit_steps"]] = [-1, INF, INF]
        trials.loc[cut, "end_seconds"] = seconds[cut]
        trials.loc[how == SCORE_ONLY, "pruned_by"] = SCORE_ONLY
        trials.loc[how == SCORE_ONLY, "pruned_due"] = seconds[how == SCORE_ONLY]
    rules = ScoringRules("seconds", pruned_by=tuple(pruned_by))
    studies = canonical_studies(trials, rules)
    assert outcome is None or not any(study.missing for study in studies)
    return scores(build_study_times(trials, studies, rules))


def main() -> int:
    """Simulate, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m analyses.algoperf_pruning", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 8, 32, 128], metavar="N", help="trials at a time")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    trials, after_hit = table_trials()
    total = sum(trial.end for trial in trials)
    missed = sum(trial.end for trial in trials if math.isinf(trial.hit))
    expected, equal = scores_of(None), True
    known = ceilings(trials)
    rows: list[tuple[str, str, dict[str, float]]] = [("bests known in advance", "", known)]
    for order_name, order in ORDERS.items():
        for machines in given.machines:
            saved = {}
            for name, rules in RULES.items():
                outcome = TableRace(trials, order, machines, rules).run()
                equal &= scores_of(outcome, [SCORE_ONLY] if SCORE_ONLY in rules else ()) == expected
                saved[name] = 1 - outcome.seconds / total
            rows.append((order_name, str(machines), saved))
    if given.json:
        lines = [{"order": order_name, "machines": machines, **saved} for order_name, machines, saved in rows]
        print(json.dumps({"hours": total / HOUR, "missed_hours": missed / HOUR, "saved": lines, "scores_equal": equal}))
        return 0 if equal else 1
    print(
        f"{len(trials)} trials, {total / HOUR:,.0f} hours, {missed / total:.1%} of them in trials that missed; "
        f"{after_hit / HOUR:,.0f} hours after a hit are not counted\n"
    )
    print(f"| order of dispatch | machines | {' | '.join(RULES)} |\n|---|---:|{'---:|' * len(RULES)}")
    for order_name, machines, saved in rows:
        print(f"| {order_name} | {machines} | {' | '.join(f'{saved[name]:.1%}' for name in RULES)} |")
    print(f"\n{WITHOUT_OWN_MEDIAN}, bests known in advance: {known[WITHOUT_OWN_MEDIAN]:.1%}.")
    print(f"The scores of all races are {'equal to' if equal else 'DIFFERENT FROM'} those of the full table.")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())

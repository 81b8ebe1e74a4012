"""What pruning saves: the trials of an unpruned run are run again as a pruned race, in the order of dispatch.

    python -m analyses.pruning_replay RESULTS [--prune score-only] [--workers K] [--track schedule] [--json]
    python -m analyses.pruning_replay RESULTS --pruned DIR [--track schedule] [--json]

RESULTS is a directory that `timetrial run` filled. The trials start in the order of the run, K at a time, and each
takes the CPU seconds that it took. Before every evaluation the pruning rules are applied as in a race. The command prints
charged examples and CPU seconds without and with pruning, for K = 1, 2, 4, 8 by default, and whether the board of the pruned
records, read by times to the target, equals the unpruned one to the last byte; with `--prune score-only`, whether its scores
do. With `--pruned DIR`, the results of a real pruned run of the same plan are compared instead. The exit status is 1 if boards
or scores differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analyses.recorded_race import replay, spent
from harness.pruning import RULES, SAFE_ONLY, SCORE_ONLY
from harness.records import Status
from harness.results import ResultStore, board_input
from harness.scoring import ScoringRules, board_json, score_board
from harness.scoring.trial_table import track_of

NEEDS_COMPLETE = "these records were pruned: fill the directory with `timetrial run` first"


def scores_of(trials: pd.DataFrame, pruned_by: Sequence[str] = ()) -> dict[str, float]:
    """Return the score of every submission."""
    board = score_board(trials, ScoringRules(track_of(trials).clock, pruned_by=tuple(pruned_by)))
    return board.scores


def board_text(trials: pd.DataFrame) -> str:
    """Return the board of `trials` by times to the target as JSON text, without the machines it ran on.

    Rulers are left out: compute saved is read from complete trials alone.
    """
    without = [{**facts, "workload": {**facts.get("workload", {}), "ruler": None}} for facts in trials["facts"]]
    board = score_board(
        trials.assign(facts=pd.Series(without, trials.index, dtype=object)), ScoringRules(track_of(trials).clock)
    )
    return json.dumps(board_json(board, []), allow_nan=False)


def compare_runs(unpruned: pd.DataFrame, results: Path, track: str) -> dict[str, Any]:
    """Return what a real pruned run in `results` took beside the unpruned `trials`, and whether their boards are equal."""
    pruned = board_input(results, track=track).trials
    (examples, seconds), (fewer_examples, fewer_seconds) = spent(unpruned), spent(pruned)
    return {
        "examples": {"unpruned": examples, "pruned": fewer_examples},
        "cpu_seconds": {"unpruned": seconds, "pruned": fewer_seconds},
        "statuses": pruned["status"].value_counts().to_dict(),
        "board_equal": board_text(pruned) == board_text(unpruned),
    }


def in_words(measured: Mapping[str, Any]) -> str:
    """Return one line on what was saved and whether the boards, or the scores, are equal."""
    parts = []
    for name, label in (("examples", "charged examples"), ("cpu_seconds", "CPU seconds")):
        before, after = measured[name]["unpruned"], measured[name]["pruned"]
        parts.append(f"{label} {before:.5g} -> {after:.5g} (saves {1 - after / before:.1%})")
    subject = "scores" if measured.get("prune") == SCORE_ONLY else "boards"
    return f"{', '.join(parts)}; {measured['statuses']}; {subject} {'equal' if measured['board_equal'] else 'DIFFERENT'}"


def complete_trials(results: Path, track: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the trials of a directory and their order of dispatch; no trials if some of them were pruned."""
    trials = board_input(results, track=track).trials
    cut = trials["status"].isin([Status.PRUNED, Status.SKIPPED]) | (
        (trials["status"] == Status.REACHED) & ~trials["complete"].astype(bool)
    )
    order = list(dict.fromkeys(name for note in ResultStore(results).runs() for name in note.trials))
    return trials.iloc[:0] if cut.any() else trials, order


def main() -> int:
    """Replay, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m analyses.pruning_replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, metavar="RESULTS")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8], metavar="K", help="trials at a time")
    parser.add_argument("--track", default="schedule")
    parser.add_argument("--prune", default=SAFE_ONLY, choices=RULES)
    parser.add_argument("--pruned", type=Path, default=None, metavar="DIR", help="results of a real pruned run")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    trials, order = complete_trials(given.results, given.track)
    if trials.empty:
        print(NEEDS_COMPLETE, file=sys.stderr)
        return 2
    if given.pruned is not None:
        measured = compare_runs(trials, given.pruned, given.track)
        print(json.dumps(measured) if given.json else in_words(measured))
        return 0 if measured["board_equal"] else 1
    return _print_replays(trials, order, given)


def _print_replays(trials: pd.DataFrame, order: Sequence[str], given: argparse.Namespace) -> int:
    scores_only = given.prune == SCORE_ONLY
    expected = scores_of(trials) if scores_only else board_text(trials)
    status = 0
    for workers in given.workers:
        race = replay(trials, order, workers, prune=given.prune)
        equal = (scores_of(race.trials, [SCORE_ONLY]) if scores_only else board_text(race.trials)) == expected
        status = status if equal else 1
        measured = {
            "workers": workers,
            "prune": given.prune,
            "examples": {"unpruned": race.examples[0], "pruned": race.examples[1]},
            "cpu_seconds": {"unpruned": race.seconds[0], "pruned": race.seconds[1]},
            "statuses": race.statuses,
            "board_equal": equal,
        }
        print(json.dumps(measured) if given.json else f"{workers} workers: {in_words(measured)}")
    return status


if __name__ == "__main__":
    sys.exit(main())

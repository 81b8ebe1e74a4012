"""What the trials of a suite cost and how far apart they lie, from one unpruned run on one machine.

    python -m analyses.suite_trials RESULTS [--costs DIR] [--write docs/laptop_trials.json]

RESULTS is a directory that `timetrial run --no-prune` filled; costs can be read from the complete trials of another run, that
had the machine for itself. For every workload: CPU seconds of a trial over the whole budget
(median; training and evaluation, set-up apart), the share of evaluation in them, and over all schedules, grid points and
studies the earliest and the latest time at which a trial met the target. `make docs` puts the file into docs/workloads.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyses.pruning_replay import complete_trials
from harness.results import board_input


def trial_facts(trials: pd.DataFrame, costs: pd.DataFrame | None = None) -> dict[str, dict[str, Any]]:
    """Return {workload: what its complete trials took and when they met the target}; charged examples and CPU seconds.

    `costs`: the trials that say what they took, where these are others.
    """
    found = {}
    costs = trials if costs is None else costs
    ended = costs[costs["complete"] & (costs["status"] != "diverged") & (costs["end_examples"] >= costs["budget_examples"])]
    for workload, rows in trials.groupby("workload", sort=True):
        whole = ended[ended["workload"] == workload]
        evaluating = np.array([clocks["evaluation_seconds"] for clocks in whole["clocks"]])
        seconds = whole["end_seconds"].to_numpy(float) + evaluating
        hits = rows["hit_examples"][np.isfinite(rows["hit_examples"])]
        found[str(workload)] = {
            "trials": len(rows),
            "reached": len(hits),
            "earliest": float(hits.min()) if len(hits) else None,
            "latest": float(hits.max()) if len(hits) else None,
            "whole": len(whole),
            "seconds": round(float(np.median(seconds)), 3) if len(whole) else None,
            "evaluation_share": round(float(np.median(evaluating / seconds)), 3) if len(whole) else None,
            "machine": ", ".join(sorted(set(whole["machine"]))),
        }
    return found


def main() -> int:
    """Measure, print or write, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--costs", type=Path, default=None, metavar="DIR")
    parser.add_argument("--write", type=Path, default=None, metavar="FILE")
    arguments = parser.parse_args()
    trials, _ = complete_trials(arguments.results, "schedule")
    if trials.empty:
        print("these records were pruned: fill the directory by `timetrial run --no-prune` first", file=sys.stderr)
        return 2
    costs = None if arguments.costs is None else board_input(arguments.costs, track="schedule").trials
    text = json.dumps(trial_facts(trials, costs), indent=1) + "\n"
    print(text, end="")
    if arguments.write is not None:
        arguments.write.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the trials of a suite cost and when they meet the target, from one complete run on one machine.

    python -m analyses.suite_trials RESULTS [--costs DIR] [--write docs/laptop_trials.json]

RESULTS is a directory that `timetrial run` filled. With `--costs DIR`, costs are read from the complete trials of
another run, which had the machine for itself. The command prints for every workload the CPU seconds of a trial over the full
budget (median; training and evaluation without set-up), the share of evaluation in them, and the earliest and the latest time
at which any trial met the target, over all schedules, grid points and studies. `make docs` puts the file into
docs/workloads.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyses.pruning_replay import NEEDS_COMPLETE, complete_trials
from harness.records import Status
from harness.results import board_input


def trial_facts(trials: pd.DataFrame, costs: pd.DataFrame | None = None) -> dict[str, dict[str, Any]]:
    """Return {workload: costs and times to target of its complete trials}, in CPU seconds and charged examples.

    Args:
        trials: complete trials.
        costs: the trials from which costs are read; by default `trials`.
    """
    facts = {}
    costs = trials if costs is None else costs
    full_budget = costs["end_examples"] >= costs["budget_examples"]
    costs = costs[costs["complete"].astype(bool) & (costs["status"] != Status.DIVERGED) & full_budget]
    for workload, rows in trials.groupby("workload", sort=True):
        own = costs[costs["workload"] == workload]
        evaluating = np.array([clocks["evaluation_seconds"] for clocks in own["clocks"]])
        seconds = own["end_seconds"].to_numpy(float) + evaluating
        hits = rows["hit_examples"][np.isfinite(rows["hit_examples"])]
        facts[str(workload)] = {
            "protocol": int(rows["protocol"].max()),
            "trials": len(rows),
            "reached": len(hits),
            "earliest": float(hits.min()) if len(hits) else None,
            "latest": float(hits.max()) if len(hits) else None,
            "whole": len(own),
            "seconds": round(float(np.median(seconds)), 3) if len(own) else None,
            "evaluation_share": round(float(np.median(evaluating / seconds)), 3) if len(own) else None,
            "machine": ", ".join(sorted(set(own["machine"]))),
        }
    return facts


def main() -> int:
    """Measure, print or write, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m analyses.suite_trials", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, metavar="RESULTS")
    parser.add_argument("--costs", type=Path, default=None, metavar="DIR", help="read costs from this run instead")
    parser.add_argument("--write", type=Path, default=None, metavar="FILE", help="also write the JSON there")
    given = parser.parse_args()
    trials, _ = complete_trials(given.results, "schedule")
    if trials.empty:
        print(NEEDS_COMPLETE, file=sys.stderr)
        return 2
    costs = None if given.costs is None else board_input(given.costs, track="schedule").trials
    text = json.dumps(trial_facts(trials, costs), indent=1) + "\n"
    print(text, end="")
    if given.write is not None:
        given.write.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

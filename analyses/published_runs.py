"""Runs AlgoPerf's published submissions on the laptop workloads, for docs/algoperf.md.

    python -m analyses.published_runs CLONES RESULTS [--rate-multiples 1,3,10] [--points 5] [--only TEXT]

CLONES is a folder with copies of mlcommons/algorithmic-efficiency and mlcommons/submissions_algorithms. Each submission runs at
each point that it lists, at most the five of a study of AlgoPerf, and without such a list at its default point: for half the
budget of each workload, one study, once per rate multiple. A recorded trial is not run again. `python -m analyses.published`
prints the table.
"""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from analyses.published_entries import Entry, published
from harness.contracts.errors import BadInput, ContractError
from harness.execution.inline import run_inline
from harness.execution.race import Race
from harness.execution.settings import Settings
from harness.plan import Plan, Request, make_plan
from harness.results import ResultStore
from harness.rules import RATE_MULTIPLE
from workloads.data import data_directory

SHARE = 0.5
"""Horizon of the trials, in budgets."""

POINTS = 5
"""Trials of a study of AlgoPerf's external ruleset."""

TRACK = "budget"
"""Whose trials have no target and this horizon among theirs."""


def plan_of(entry: Entry, multiples: tuple[float, ...], suite: str, points: int = POINTS) -> Plan:
    """Return the trials of one entry: its first `points` points at each multiple.

    Raises:
        BadInput: it cannot be run.
    """
    request = Request(suite=suite, submissions=(entry.submission,), track=TRACK, studies=1, trials=1, rate_multiples=multiples)
    plan = make_plan(request)
    trials = (
        replace(spec, hyperparameters={**point, **{k: v for k, v in spec.hyperparameters.items() if k == RATE_MULTIPLE}})
        for point in entry.points[:points]
        for spec in plan.trials
        if abs(spec.horizon - SHARE * spec.budget) <= plan.workloads[spec.workload_label].size.batch_size
    )
    return replace(plan, trials=tuple(trials))


def run(plan: Plan, results: Path, limit: float) -> Counter[str]:
    """Run the trials of a plan that are not recorded, and return the statuses."""
    with closing(Race(plan, ResultStore(results), Settings("inline", data_directory(), limit=limit))) as race:
        race.prepare()
        run_inline(race)
    return race.summary.statuses


def main() -> None:
    """Run the submissions one after the other, at each multiple."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--rate-multiples", default="1,3,10")
    parser.add_argument("--points", type=int, default=POINTS, help="of those that an entry lists, the first ones")
    parser.add_argument("--only", default="", help="submissions whose label contains this text")
    parser.add_argument("--without", default="-", help="leave out submissions whose label contains this text")
    parser.add_argument("--suite", default="laptop")
    parser.add_argument("--time-limit", type=float, default=300.0, help="wall seconds per trial")
    given = parser.parse_args()
    for multiple in map(float, given.rate_multiples.split(",")):
        for entry in published(given.clones.resolve()):
            if given.only not in entry.label or given.without in entry.label.split("/")[-1].split("_"):
                continue
            try:
                statuses = run(plan_of(entry, (multiple,), given.suite, given.points), given.results, given.time_limit)
            except (BadInput, ContractError) as error:
                print(f"{entry.label} x{multiple:g}: {error}", flush=True)
                continue
            print(f"{entry.label} x{multiple:g}: {dict(statuses)}", flush=True)


if __name__ == "__main__":
    main()

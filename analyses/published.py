"""Which of AlgoPerf's published submissions run on the laptop workloads, and how far they come: a table of docs/algoperf.md.

    python -m analyses.published [RESULTS [CLONES --save]]

RESULTS is a directory that `python -m analyses.published_runs CLONES RESULTS` filled; without it the saved rows are read
(docs/published.csv), which `--save` writes.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from analyses.markdown import table
from analyses.published_cells import RUNS, SAVED, cells_of
from harness.contracts.errors import BadInput
from harness.results import write_atomically

OWN = 1.0
"""The rate multiple at which a submission runs as it was published."""


def speed_up(gains: pd.Series) -> float:
    """Return the geometric mean over workloads of equivalent budget over budget spent, NaN without workloads."""
    return math.exp(gains.mean()) if len(gains) else math.nan


def tuned(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the best multiple and point of each entry and workload that ran at more than one multiple."""
    return _best(rows[rows.groupby(["entry", "workload"])["multiple"].transform("nunique") > 1])


def as_published(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the best of the listed points of each entry and workload, at the entry's own rates: a study of AlgoPerf."""
    return _best(rows[(rows["multiple"] == OWN) & (rows["status"] != "refused")])


def _best(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("gain", ascending=False, kind="stable").drop_duplicates(["entry", "workload"]).sort_index()


def published_table(cells: pd.DataFrame) -> str:
    """Return one line per entry that has trials, the fastest at its own rates first."""
    ran = cells[cells["status"] != "refused"]
    lines = []
    for entry, rows in ran.groupby("entry"):
        own, best = as_published(rows), tuned(rows)
        own_runs = rows[rows["multiple"] == OWN].groupby("workload")["progress"].max() >= RUNS
        common = own[own["workload"].isin(best["workload"])]
        multiples = " ".join(f"{value:g}" for value in sorted(rows["multiple"].unique()))
        lines.append(
            (
                -speed_up(own["gain"]),
                [
                    str(entry),
                    f"{int((rows.groupby('workload')['progress'].max() >= RUNS).sum())} of {rows['workload'].nunique()}",
                    f"{int(own_runs.sum())} of {len(own)}",
                    f"{rows['point'].nunique()}",
                    f"{speed_up(own['gain']):.2f}",
                    f"{speed_up(best['gain']):.2f}" if len(best) else "-",
                    multiples if len(best) else "-",
                    f"{int((best['multiple'] != OWN).sum())} of {len(common)}" if len(best) else "-",
                    _troubles(rows),
                ],
            )
        )
    head = (
        "entry",
        "runs on",
        "at own rates",
        "points",
        "own rates",
        "best multiple",
        "multiples",
        "own is not best",
        "what happened",
    )
    runs = sum(int(line[1].split()[0]) >= 9 for _, line in lines)
    return table(head, [line for _, line in sorted(lines)]) + f"\n{runs} entries run on at least nine workloads.\n"


def _troubles(rows: pd.DataFrame) -> str:
    own = rows[(rows["multiple"] == OWN) & ~rows["status"].isin(["finished"])]
    kinds = {(status, reason): group["workload"].nunique() for (status, reason), group in own.groupby(["status", "reason"])}
    return (
        "; ".join(f"{status} on {count}{f': {reason}' if reason else ''}" for (status, reason), count in kinds.items()) or "-"
    )


def refused_table(cells: pd.DataFrame) -> str:
    """Return one line per reason for which entries have no trial."""
    refused = cells[cells["status"] == "refused"]
    rows = [[str(reason), ", ".join(group["entry"])] for reason, group in refused.groupby("reason", sort=True)]
    return table(("what it lacks", "entries"), rows)


def workload_table(cells: pd.DataFrame) -> str:
    """Return one line per workload: how many entries run there, and the speed-ups at their own rates."""
    own = as_published(cells)
    rows = []
    best = cells.groupby(["workload", "entry"])["progress"].max()
    for workload, group in own.groupby("workload"):
        gains = np.exp(np.quantile(group["gain"], (0.0, 0.5, 1.0)))
        ran = int((best[workload] >= RUNS).sum())
        rows.append([str(workload), f"{ran} of {len(best[workload])}", *(f"{value:.2f}" for value in gains)])
    return table(("workload", "entries that run", "slowest, own rates", "median", "fastest"), rows)


SECTIONS = {"entries": published_table, "lacking": refused_table, "workloads": workload_table}


def main() -> int:
    """Print the tables; 2 after a user's mistake."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", default=SAVED)
    parser.add_argument("clones", type=Path, nargs="?")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--section", choices=SECTIONS)
    given = parser.parse_args()
    try:
        cells = cells_of(given.results, given.clones and given.clones.resolve())
    except BadInput as error:
        print(f"analyses.published: {error}", file=sys.stderr)
        return 2
    if given.save:
        write_atomically(SAVED, cells.to_csv(index=False))
    for name in [given.section] if given.section else SECTIONS:
        print(SECTIONS[name](cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())

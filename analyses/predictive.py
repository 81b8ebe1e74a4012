"""Whether the laptop's order of AlgoPerf's published submissions agrees with the official one: docs/predictive.md.

    python -m analyses.predictive [RESULTS] [--section NAME] [--figure FILE.svg]

RESULTS is a directory that `python -m analyses.published_runs CLONES RESULTS` filled; without it the saved rows are read
(docs/published.csv). The official side is version 0.5 of the external ruleset, which is built in.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from analyses.markdown import span, table
from analyses.official_standing import COUNTERPARTS, MODALITIES, official
from analyses.predictive_figure import scatter
from analyses.published import as_published, tuned
from analyses.published_cells import SAVED, cells_of
from analyses.rank_agreement import agreement
from harness.contracts.errors import BadInput
from harness.results import write_atomically
from harness.scoring.medians import Floats

OWN_RATES, BEST = "own rates", "best multiple"


@cache
def gains_of(cells_key: Path) -> Mapping[str, pd.DataFrame]:
    """Return {reading: gains, entries x workloads}, of the entries of the official board that trained; no value is missing."""
    cells = cells_of(cells_key)
    trained = set(cells.loc[cells["status"] == "finished", "entry"])
    cells = cells[cells["entry"].isin(trained & COUNTERPARTS.keys())]
    readings = {OWN_RATES: as_published(cells), BEST: tuned(cells)}
    frames = {name: rows.pivot(index="entry", columns="workload", values="gain") for name, rows in readings.items()}
    return {name: frame.dropna(axis=0, how="all").dropna(axis=1) for name, frame in frames.items()}


def standing(results: Path) -> str:
    """Each entry's speed-up and rank here, beside its official score and rank among the same entries."""
    found = gains_of(results)
    names = list(found[OWN_RATES].index)
    scores = pd.Series({name: official().scores[COUNTERPARTS[name]] for name in names})
    columns = {reading: frame.mean(axis=1) for reading, frame in found.items()}
    rows = []
    for name in scores.sort_values(ascending=False).index:
        row = [name, f"{scores[name]:.3f}", f"{_rank(scores, name)}"]
        for values in columns.values():
            known = name in values.index
            row += [f"{math.exp(values[name]):.2f}" if known else "-", f"{_rank(values, name)}" if known else "-"]
        rows.append(row)
    head = ("entry", "official score", "rank", *(word for name in columns for word in (name, "rank")))
    return table(head, rows)


def _rank(values: pd.Series, name: str) -> int:
    return 1 + int((values > values[name]).sum())


def tau(results: Path) -> str:
    """Kendall's tau-b of the two orders, with intervals over workloads, overall and per modality."""
    rows = []
    for reading, frame in gains_of(results).items():
        for modality, workloads in {"all": list(frame.columns), **MODALITIES}.items():
            ours = frame[[name for name in workloads if name in frame.columns]]
            theirs = _official(ours, modality)
            if not ours.shape[1] or not theirs.shape[1] or len(ours) < 3:
                continue
            found = agreement(ours.to_numpy(), theirs)
            rows.append(
                [
                    f"{modality}, {reading}",
                    f"{len(ours)}",
                    f"{ours.shape[1]}",
                    f"{theirs.shape[1]}",
                    "-" if math.isnan(found.tau) else f"{found.tau:.2f}",
                    _interval(found.over_ours),
                    _interval(found.over_both),
                    found.chance,
                ]
            )
    head = ("workloads, reading", "entries", "ours", "official", "tau-b", "95 % over ours", "95 % over both", "p")
    return table(head, rows)


def _interval(bounds: tuple[float, float] | None) -> str:
    low, high = bounds or (None, None)
    return span(low, high, digits=2)


def _official(ours: pd.DataFrame, modality: str) -> Floats:
    """Return the official contributions of the entries of a table, of the counterparts of its workloads."""
    board = official()
    wanted = board.workloads if modality == "all" else [w for w in board.workloads if board.modality[w] == modality]
    return np.array([[board.contributions[COUNTERPARTS[name]][w] for w in wanted] for name in ours.index])


def workloads(results: Path) -> str:
    """The two boards cell by cell, where our workload has a counterpart: speed-up here / official time in budgets."""
    frame, board = gains_of(results)[OWN_RATES], official()
    best = gains_of(results)[BEST]
    rows = []
    for workload in frame.columns:
        other = board.counterparts.get(workload)
        if other is None:
            continue
        times = np.array([board.times[COUNTERPARTS[name]][other] for name in frame.index])
        cells = [f"{math.exp(gain):.2f} / {_time(t)}" for gain, t in zip(frame[workload], times, strict=True)]
        rows.append([f"{workload}, {other}", *cells, _tau(frame[workload], times), _tau_of(best, workload, other)])
    head = ("workload, counterpart", *(name.rsplit("/", 1)[-1] for name in frame.index), "tau-b, own", "tau-b, best")
    return table(head, rows)


def _tau_of(best: pd.DataFrame, workload: str, other: str) -> str:
    if workload not in best.columns:
        return "-"
    return _tau(best[workload], np.array([official().times[COUNTERPARTS[name]][other] for name in best.index]))


def _tau(gains: pd.Series, times: Floats) -> str:
    found = agreement(gains.to_numpy()[:, None], -np.where(np.isfinite(times), times, 1e9)[:, None]).tau
    return "-" if math.isnan(found) else f"{found:.2f}"


def _time(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "missed"


SECTIONS: Mapping[str, Callable[[Path], str]] = {"standing": standing, "tau": tau, "workloads": workloads}


def main() -> int:
    """Print the tables, and write the figure; 2 after a user's mistake."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", default=SAVED)
    parser.add_argument("--section", choices=SECTIONS)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    try:
        found = gains_of(given.results)
    except BadInput as error:
        print(f"analyses.predictive: {error}", file=sys.stderr)
        return 2
    if found[OWN_RATES].empty:
        print("analyses.predictive: none of these trials is of a submission on the official board of 0.5", file=sys.stderr)
        return 2
    for name in [given.section] if given.section else SECTIONS:
        print(SECTIONS[name](given.results))
    if given.figure:
        scores = {name: official().scores[other] for name, other in COUNTERPARTS.items()}
        write_atomically(given.figure, scatter(scores, {name: frame.mean(axis=1) for name, frame in found.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The rows of a board: one submission over all workloads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from harness.records import FAILURES
from harness.scoring.board_parts import Cell, Row
from harness.scoring.cells import Cells
from harness.scoring.profiles import means, ranked
from harness.scoring.scored import Scored
from harness.scoring.speed import LogTimes, contrast, log_times
from harness.scoring.studies import Study
from harness.scoring.uncertainty import ENOUGH_STUDIES, unit_interval


class Speedup(NamedTuple):
    """Geometric-mean speed-up over the baseline with its 95 % interval; None where there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound: str = ""


def rows(scored: Scored, cells: Cells) -> tuple[Row, ...]:
    """Return one row per submission, by rank, ties by name."""
    names, doubt = scored.submissions, scored.uncertainty
    score = means(names, scored.contributions)
    ranks = ranked(np.array([score[name] for name in names]))
    costs = _costs(scored.studies)
    shares = _reach_shares(scored.trials)
    counts = scored.trials["submission"].value_counts()
    times = log_times(scored.study_times, legacy=scored.rules.legacy_speedup, clock=scored.rules.clock)
    result = []
    for i, name in enumerate(names):
        own = {label: cells[name, label] for label in scored.study_times.labels}
        interval = None if scored.rules.score_only else doubt.estimates[i].interval()
        low, high = unit_interval(*interval) if interval else (None, None)
        population = None if scored.rules.score_only else doubt.population[i]
        speedup = _speedup(scored, times, i)
        result.append(
            Row(
                name=name,
                rank=int(ranks[i]),
                rank_low=1 if scored.rules.score_only else doubt.ranks[i][0],
                rank_high=len(names) if scored.rules.score_only else doubt.ranks[i][1],
                score=score[name],
                score_low=low,
                score_high=high,
                approximate=low is not None and any(0 < c.reached < c.studies for c in own.values()),
                note=_note(own, doubt.fewest[i]),
                speedup=speedup.value,
                speedup_low=speedup.low,
                speedup_high=speedup.high,
                speedup_bound=speedup.bound,
                targets_reached=sum(math.isfinite(own[w].time) for w in scored.workloads),
                race_cost=costs[name],
                trials=int(counts[name]),
                reach_share=shares[name],
                cells=own,
                population_low=population[0] if population else None,
                population_high=population[1] if population else None,
            )
        )
    return tuple(sorted(result, key=lambda row: (row.rank, row.name)))


def _speedup(scored: Scored, times: LogTimes, i: int) -> Speedup:
    names, baseline = scored.submissions, scored.rules.baseline
    if baseline not in names or scored.rules.score_only:
        return Speedup()
    if names[i] == baseline:
        return Speedup(1.0, 1.0, 1.0)
    against = contrast(times, i, names.index(baseline))
    if not against.smallest or not against.decided:
        return Speedup()
    interval = against.estimate.interval()
    low, high = (math.exp(interval[0]), math.exp(interval[1])) if interval else (None, None)
    return Speedup(math.exp(against.estimate.value), low, high, against.bound)


def _note(cells: Mapping[str, Cell], fewest: int) -> str:
    parts = []
    if 0 < fewest < ENOUGH_STUDIES:
        parts.append(f"too few studies ({fewest}) for an interval")
    if cells and not any(cell.reached for cell in cells.values()):
        parts.append("reached no target")
    missing = sum(cell.missing for cell in cells.values())
    if missing:
        parts.append(f"{missing} {'study' if missing == 1 else 'studies'} missing")
    return "; ".join(parts)


def _costs(studies: Sequence[Study]) -> dict[str, float]:
    costs: dict[str, list[float]] = {}
    for study in studies:
        costs.setdefault(study.submission, []).append(study.cost)
    return {name: math.fsum(values) for name, values in costs.items()}


def _reach_shares(trials: pd.DataFrame) -> dict[str, float | None]:
    """Share of trials that reach their target, None unless every trial ran to its end: pruning would bias the share."""
    shares: dict[str, float | None] = {}
    for name, own in trials.groupby("submission", sort=True):
        complete = own["complete"].astype(bool)
        ended = complete | own["status"].isin(FAILURES)
        shares[str(name)] = float((own["hit_index"] >= 0).mean()) if ended.all() and complete.any() else None
    return shares

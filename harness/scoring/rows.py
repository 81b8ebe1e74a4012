"""The rows of a board: one submission over all workloads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from harness.records import FAILURES
from harness.scoring.board_parts import Cell, Row
from harness.scoring.cells import Cells, studies_of
from harness.scoring.compute_saved.ranks import RankRange, common_ranks
from harness.scoring.headline import Headline
from harness.scoring.profiles import means
from harness.scoring.scored import Scored
from harness.scoring.studies import Study
from harness.scoring.uncertainty import ENOUGH_STUDIES, unit_interval


def rows(scored: Scored, cells: Cells, reading: Headline) -> tuple[Row, ...]:
    """Return one row per submission, by rank, ties by name."""
    names, doubt = scored.submissions, scored.uncertainty
    score = means(names, scored.contributions)
    absent = {name: tuple(w for w in scored.optional if not cells[name, w].studies) for name in names}
    ranks, score_ranks = _ranks(scored, absent, reading)
    costs = _costs(scored.studies)
    shares = _reach_shares(scored.trials)
    counts = scored.trials["submission"].value_counts()
    ran = studies_of(scored)
    result = []
    for i, name in enumerate(names):
        own = {label: cells[name, label] for label in scored.study_times.labels}
        known = not absent[name] and not scored.rules.score_only
        interval = doubt.estimates[i].interval() if known else None
        low, high = unit_interval(*interval) if interval else (None, None)
        population = doubt.population[i] if known else None
        # An interval of the speed-up stands in the row, whatever the score lacks.
        told = reading.ranks_by_speed_up(scored.rules) and reading.speed_ups[name].low is not None
        result.append(
            Row(
                name=name,
                rank=ranks[name].rank,
                rank_low=ranks[name].low,
                rank_high=ranks[name].high,
                score=None if absent[name] else score[name],
                score_low=low,
                score_high=high,
                score_rank=score_ranks[name].rank,
                approximate=low is not None and any(0 < c.reached < c.studies for c in own.values()),
                note="; ".join(_notes(own, 0 if told else doubt.fewest[i], absent[name], len(scored.workloads), ran, name)),
                speed_up=reading.speed_ups[name],
                targets_reached=sum(math.isfinite(own[w].time) for w in scored.workloads),
                race_cost=costs[name],
                trials=int(counts[name]),
                reach_share=shares[name],
                cells=own,
                population_low=population[0] if population else None,
                population_high=population[1] if population else None,
                not_run=absent[name],
            )
        )
    return tuple(sorted(result, key=lambda row: (row.rank, row.name)))


def ranked_by(scored: Scored, reading: Headline) -> str:
    """Return what the board ranks by: speed-ups off a ruler, if there are any and nothing else is asked for, else the score."""
    return "speedup" if reading.ranks_by_speed_up(scored.rules) else "score"


Ranks = Mapping[str, RankRange]


def _ranks(scored: Scored, absent: Mapping[str, tuple[str, ...]], reading: Headline) -> tuple[Ranks, Ranks]:
    """Return the ranks by what the board ranks by, and those by score."""
    by_score = _score_ranks(scored, absent)
    if reading.ranks_by_speed_up(scored.rules):
        return reading.speed_up_ranks(scored.submissions), by_score
    return by_score, by_score


def _score_ranks(scored: Scored, absent: Mapping[str, tuple[str, ...]]) -> Ranks:
    """Return the ranks by score; a submission that did not run on every workload is compared on those that it ran."""
    names = scored.submissions
    own = {
        name: [None if w in absent[name] else float(h) for w, h in zip(scored.workloads, row, strict=True)]
        for name, row in zip(names, scored.contributions, strict=True)
    }
    places, everyone = common_ranks(own), len(names)
    result = {}
    for name, (low, high) in zip(names, scored.uncertainty.ranks, strict=True):
        known = not absent[name] and not scored.rules.score_only
        rank = places[name]
        result[name] = RankRange(rank, min(low, rank), max(high, rank)) if known else RankRange(rank, 1, everyone)
    return result


def _notes(
    cells: Mapping[str, Cell], fewest: int, absent: Sequence[str], width: int, ran: Mapping[str, int], name: str
) -> Iterator[str]:
    if absent:
        yield f"ran on {width - len(absent)} of {width} workloads"
    if 0 < fewest < ENOUGH_STUDIES:
        yield f"too few studies ({fewest}) for an interval"
    if cells and not any(cell.reached for cell in cells.values()):
        yield "reached no target"
    missing = sum(cell.missing for cell in cells.values())
    if missing:
        yield f"{missing} {'study' if missing == 1 else 'studies'} missing"
    if ran[name] < (most := max(ran.values())):
        yield f"{ran[name]} {'study' if ran[name] == 1 else 'studies'} per workload, others have {most}"


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

"""Trials in, leaderboard out: `score_board` puts together what its neighbours compute."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from harness.contracts import BadInput, did_you_mean
from harness.pruning import FORECAST, SCORE_ONLY
from harness.records import CLOCKS, STATUSES
from harness.scoring.board_parts import Board, Cell, Pair, Profile, Row
from harness.scoring.canonical import Study, canonical_studies, checked, exact_on, run_clock
from harness.scoring.export import board_json
from harness.scoring.intervals import median_interval
from harness.scoring.pairs import all_pairs
from harness.scoring.pool import Floats, Pool, build_pool, medians
from harness.scoring.profiles import CUT_OFF, contributions, grid_contributions, means, ranked, ratios, standing_times
from harness.scoring.robustness import easier_targets, leave_out
from harness.scoring.sentences import notes, pruning_labels, verdict
from harness.scoring.speed import LogTimes, contrast, log_times
from harness.scoring.uncertainty import BAND_TAUS, ENOUGH_STUDIES, Uncertainty, uncertainty, unit_interval

__all__ = ["Board", "Cell", "Pair", "Profile", "Row", "board_json", "run_clock", "score_board"]

Cells = dict[tuple[str, str], Cell]


def score_board(
    trials: pd.DataFrame,
    *,
    clock: str = "examples",
    baseline: str = "cosine",
    legacy_tie_rule: bool = False,
    legacy_grid: bool = False,
    legacy_speedup: bool = False,
    workloads: Sequence[str] | None = None,
    pruned_by: Collection[str] = (),
) -> Board:
    """Return the leaderboard of `trials`.

    Args:
        trials: what `harness.load_results` returns, of one track and suite; in any order.
        clock: "examples", "seconds" or "steps".
        baseline: submission that speed-ups refer to; without it there are none.
        legacy_tie_rule: choose a study's trial by evaluation index, as AlgoPerf's published code does, not by time.
        legacy_grid: integrate profiles on AlgoPerf's 100 points, not exactly.
        legacy_speedup: AlgoPerf's speed-up: medians of studies, a miss costs the budget and one second; no interval.
        workloads: base workloads that must be on the board; without any trial they count as unsolved.
        pruned_by: what may have stopped trials beside the safe rules; the board says so. "score-only": no intervals.
            "forecast": such trials count as missed. Studies that something else stopped are missing.

    Raises:
        BadInput: nothing to score, an unknown clock, several tracks or suites, the `budget` track, a trial twice, or rules
            by which a score-only run was not pruned.
    """
    if clock not in CLOCKS:
        raise BadInput(f"there is no clock '{clock}'{did_you_mean(clock, CLOCKS)}")
    trials = checked(trials)
    if trials["track"].iloc[0] == "budget":
        raise BadInput("the budget track has no targets: score it with harness.scoring.score_budget")
    if (trials["hit_index"].ge(0) & trials[f"hit_{clock}"].isna()).any():
        raise BadInput(f"these records do not carry the clock '{clock}': use --clock seconds")
    score_only = SCORE_ONLY in pruned_by
    if score_only and (legacy_tie_rule or clock != run_clock(str(trials["track"].iloc[0]))):
        raise BadInput(
            f"--prune score-only keeps the scores on the {run_clock(str(trials['track'].iloc[0]))} clock only, by "
            "our rule for ties: leave --clock and --legacy-tie-rule out, or run again without it"
        )
    studies = canonical_studies(trials, clock, by_index=legacy_tie_rule, pruned_by=pruned_by)
    pool = build_pool(trials, studies, clock, workloads)
    if not pool.workloads:
        raise BadInput("no base workload was run: nothing to score")
    contribution = grid_contributions if legacy_grid else contributions
    standing = standing_times(pool)
    h = contribution(standing)
    cells = _cells(pool, studies, standing, h, exact=exact_on(trials, clock), ranged=not score_only)
    doubt = uncertainty(pool, contribution)
    rows = _rows(
        trials, studies, pool, h, cells, doubt, log_times(pool, legacy=legacy_speedup, clock=clock), baseline, score_only
    )
    pairs = () if score_only else all_pairs(pool)
    legacy = tuple(
        name for name, asked in (("tie-rule", legacy_tie_rule), ("grid", legacy_grid), ("speedup", legacy_speedup)) if asked
    )
    forecast = sum(trial.pruned_by == FORECAST for study in studies for trial in study.trials)
    labels = pruning_labels(pruned_by, forecast)
    lines = notes(trials, studies, pool, cells, clock, min((n for n in doubt.fewest if n), default=0))
    return Board(
        track=str(trials["track"].iloc[0]),
        clock=clock,
        suite=str(trials["suite"].iloc[0]),
        baseline=baseline if baseline in pool.submissions else "",
        workloads=pool.workloads,
        held_out=tuple(sorted(label for variants in pool.variants.values() for label in variants)),
        rows=rows,
        pairs=pairs,
        profiles=_profiles(pool, standing, doubt, rows, banded=not score_only),
        trials=_counts(studies),
        adjacent_separable=_adjacent(rows, pairs),
        verdict=verdict(rows, pairs, pool.workloads),
        notes=(*labels.values(), *_options(pool, baseline, legacy), *lines),
        leave_out={} if score_only else leave_out(pool, contribution),
        easier={} if score_only else easier_targets(pool, studies, trials, clock, contribution),
        families=dict(pool.families),
        studies=max((int(pool.count(w).max()) for w in pool.workloads), default=0),
        legacy=legacy,
        pruned_by=labels,
    )


LEGACY = {
    "tie-rule": "a study's trial is chosen by evaluation index, not by time",
    "grid": "profiles are integrated on 100 points, not exactly",
    "speedup": "speed-ups compare medians of studies, a miss costs the budget and one second, and they have no interval; "
    "pairs stay ours",
}


def _options(pool: Pool, baseline: str, legacy: Sequence[str]) -> list[str]:
    lines = []
    if legacy:
        lines.append(f"AlgoPerf's published rules instead of ours: {'; '.join(LEGACY[name] for name in legacy)}.")
    if baseline not in pool.submissions:
        lines.append(f"The baseline {baseline} did not run, so there are no speed-ups: name another by --baseline.")
    return lines


def _cells(pool: Pool, studies: Sequence[Study], standing: Floats, h: Floats, *, exact: bool, ranged: bool) -> Cells:
    bounded = set() if exact else {(s.submission, s.workload) for s in studies if s.lower < s.time}
    cut = Counter((s.submission, s.workload) for s in studies if s.cut and not s.missing)
    cells = {}
    for label in pool.labels:
        middle = medians(pool.times[label])
        for i, name in enumerate(pool.submissions):
            present = ~np.isnan(pool.times[label][i])
            times = tuple(pool.times[label][i][present].tolist())
            low, high, level = median_interval(times) if ranged else (None, None, "")
            base = pool.workloads.index(label) if label in pool.workloads else -1
            time = math.inf if math.isnan(middle[i]) else float(middle[i])
            contribution = float(h[i, base]) if base >= 0 else 0.0
            upper = (name, label) in bounded or (cut[name, label] and not contribution and math.isfinite(time))
            cells[name, label] = Cell(
                submission=name,
                workload=label,
                time=time,
                low=low,
                high=high,
                level=level,
                reached=sum(math.isfinite(t) for t in times),
                studies=len(times),
                missing=len(present) - len(times),
                study_times=times,
                study_ids=tuple(j for j, there in zip(pool.studies[label], present, strict=True) if there),
                contribution=contribution,
                bound="≤" if upper else "",
                cut=cut[name, label],
                note="lost on a held-out variant"
                if base >= 0 and h[i, base] == 0 and _lost(time, standing[i, base], middle)
                else "",
            )
    return cells


def _lost(time: float, standing: float, middle: Floats) -> bool:
    """Whether a time that would have scored no longer stands."""
    return math.isfinite(time) and math.isinf(standing) and time <= CUT_OFF * float(np.nanmin(middle))


def _rows(
    trials: pd.DataFrame,
    studies: Sequence[Study],
    pool: Pool,
    h: Floats,
    cells: Cells,
    doubt: Uncertainty,
    times: LogTimes,
    baseline: str,
    score_only: bool,
) -> tuple[Row, ...]:
    score = means(pool.submissions, h)
    ranks = ranked(np.array([score[name] for name in pool.submissions]))
    costs = _by_submission(studies)
    reach = _reach_shares(trials)
    count = trials["submission"].value_counts()
    rows = []
    for i, name in enumerate(pool.submissions):
        own = {label: cells[name, label] for label in pool.labels}
        interval = None if score_only else doubt.estimates[i].interval()
        low, high = unit_interval(*interval) if interval else (None, None)
        population = None if score_only else doubt.population[i]
        speed = _speed(pool, times, i, baseline, score_only)
        rows.append(
            Row(
                name=name,
                rank=int(ranks[i]),
                rank_low=1 if score_only else doubt.ranks[i][0],
                rank_high=len(pool.submissions) if score_only else doubt.ranks[i][1],
                score=score[name],
                score_low=low,
                score_high=high,
                approximate=low is not None and any(0 < c.reached < c.studies for c in own.values()),
                note=_note(own, doubt.fewest[i]),
                speedup=speed[0],
                speedup_low=speed[1],
                speedup_high=speed[2],
                speedup_bound=speed[3],
                targets_reached=sum(math.isfinite(own[w].time) for w in pool.workloads),
                race_cost=costs[name],
                trials=int(count[name]),
                reach_share=reach[name],
                cells=own,
                population_low=population[0] if population else None,
                population_high=population[1] if population else None,
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.rank, row.name)))


Speed = tuple[float | None, float | None, float | None, str]


def _speed(pool: Pool, times: LogTimes, i: int, baseline: str, score_only: bool) -> Speed:
    if baseline not in pool.submissions or score_only:
        return None, None, None, ""
    if pool.submissions[i] == baseline:
        return 1.0, 1.0, 1.0, ""
    against = contrast(times, i, pool.submissions.index(baseline))
    if not against.smallest or not against.decided:
        return None, None, None, ""
    interval = against.estimate.interval()
    low, high = (math.exp(interval[0]), math.exp(interval[1])) if interval else (None, None)
    return math.exp(against.estimate.value), low, high, against.bound


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


def _by_submission(studies: Sequence[Study]) -> dict[str, float]:
    costs: dict[str, list[float]] = {}
    for study in studies:
        costs.setdefault(study.submission, []).append(study.cost)
    return {name: math.fsum(values) for name, values in costs.items()}


def _reach_shares(trials: pd.DataFrame) -> dict[str, float | None]:
    """Share of trials that reach, where every one ran to its end: else pruning would bias it."""
    shares: dict[str, float | None] = {}
    for name, own in trials.groupby("submission", sort=True):
        known = own["complete"].astype(bool) | own["status"].isin(["failed", "timeout", "out-of-memory"])
        shares[str(name)] = (
            float((own["hit_index"] >= 0).mean()) if known.all() and own["complete"].astype(bool).any() else None
        )
    return shares


def _profiles(pool: Pool, standing: Floats, doubt: Uncertainty, rows: Sequence[Row], *, banded: bool) -> tuple[Profile, ...]:
    relative = ratios(standing)
    profiles = []
    for row in rows:
        i = pool.submissions.index(row.name)
        jumps = relative[i][relative[i] <= CUT_OFF]
        taus = np.unique(np.concatenate([BAND_TAUS, jumps]))
        values = np.searchsorted(np.sort(jumps), taus, side="right") / len(pool.workloads)
        shown = banded and doubt.fewest[i] >= ENOUGH_STUDIES
        low = doubt.band_low[i][np.searchsorted(BAND_TAUS, taus, side="right") - 1] if shown else np.empty(0)
        high = doubt.band_high[i][np.searchsorted(BAND_TAUS, taus, side="left")] if shown else np.empty(0)
        profiles.append(Profile(row.name, *(tuple(x.tolist()) for x in (taus, values, low, high))))
    return tuple(profiles)


def _counts(studies: Sequence[Study]) -> dict[str, int]:
    found = Counter(status for study in studies for status in study.statuses)
    return {status: found[status] for status in STATUSES if found[status]}


def _adjacent(rows: Sequence[Row], pairs: Sequence[Pair]) -> float | None:
    if len(rows) < 2 or not pairs:
        return None
    separable = {frozenset((p.a, p.b)): p.separable for p in pairs}
    neighbours = [separable[frozenset((a.name, b.name))] for a, b in pairwise(rows)]
    return sum(neighbours) / len(neighbours)

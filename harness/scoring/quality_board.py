"""Boards without a time to target: quality at shares of the budget, and sensitivity to the peak learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from harness.rules import Reading
from harness.scoring.board_parts import Pair, RowSpeedUp
from harness.scoring.compute_saved import RankRange
from harness.scoring.doubts import doubts
from harness.scoring.headline import Headline, off_rulers
from harness.scoring.notes import reading_notes
from harness.scoring.profiles import ranked
from harness.scoring.quality import Quality, score_budget
from harness.scoring.rules import DEFAULT_RULES, ScoringRules
from harness.scoring.scored import pinned_baseline
from harness.scoring.sensitivity import RateRow, sensitivities
from harness.scoring.sentences import listed, protocol_notes, speed_verdict
from harness.scoring.trial_table import checked, status_counts, track_of


@dataclass(frozen=True)
class QualityRow:
    """One submission on the board.

    Attributes:
        name: the submission.
        rank, rank_low, rank_high: by speed-up with its range, or, without speed-ups, by mean rank over shares without one;
            equal submissions share a rank.
        speed_up: compute saved against the baseline.
        mean_rank: mean over shares of its mean rank over workloads; None on a board of sensitivities.
        regret: mean over shares of its regret; None if it is unknown at one of them.
        shares: its quality at every share of the budget, ascending.
        trials: number of trials.
        note: what a reader of this row must know, in words.
    """

    name: str
    rank: int
    mean_rank: float | None
    regret: float | None
    shares: tuple[Quality, ...]
    trials: int
    note: str
    rank_low: int | None = None
    rank_high: int | None = None
    speed_up: RowSpeedUp = field(default_factory=RowSpeedUp)


@dataclass(frozen=True)
class QualityBoard:
    """A board without a time to target: of the `budget` track, or of ``--sensitivity`` alone (then `shares` is empty).

    Attributes:
        track, clock, suite: what was scored.
        shares: shares of the budget, ascending.
        workloads: base workloads, sorted.
        metrics: workload -> name of its metric.
        lower_is_better: workload -> whether it is a loss.
        rows: by rank, ties by name.
        sensitivity: from `harness.scoring.sensitivities`; empty on the budget track.
        trials: status counts, as recorded.
        verdict: one sentence.
        notes: plain sentences.
        studies: most studies of any cell.
        baseline: submission that speed-ups refer to, "" without speed-ups.
        ranked_by: "speedup", "mean rank" or "sensitivity".
        pairs: all pairs by compute saved; empty without rulers.
    """

    track: str
    clock: str
    suite: str
    shares: tuple[float, ...]
    workloads: tuple[str, ...]
    metrics: Mapping[str, str]
    lower_is_better: Mapping[str, bool]
    rows: tuple[QualityRow, ...]
    sensitivity: tuple[RateRow, ...]
    trials: Mapping[str, int]
    verdict: str
    notes: tuple[str, ...]
    studies: int
    baseline: str = ""
    ranked_by: str = "mean rank"
    pairs: tuple[Pair, ...] = ()

    @property
    def horizons(self) -> tuple[float, ...]:
        """Horizons in budgets at which there are speed-ups, ascending."""
        return tuple(sorted({h for row in self.rows for h in row.speed_up.horizons}))


def quality_board(trials: pd.DataFrame, rules: ScoringRules = DEFAULT_RULES) -> QualityBoard:
    """Return the board of trials of the `budget` track, or of those of ``--sensitivity``.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite; in any order.
        rules: of them the baseline, and whether to rank by speed-up.

    Raises:
        BadInput: no trials, several tracks or suites, a trial twice, or no trial that ran to its end.
    """
    trials = checked(trials)
    track = track_of(trials)
    base = trials[~trials["held_out"].astype(bool)]
    qualities = score_budget(base) if Reading.QUALITY in track.reads else ()
    by_rate = sensitivities(base) if Reading.RATE_SENSITIVITY in track.reads else ()
    names = set(base["submission"].astype(str))
    rules = replace(rules, clock="examples", baseline=rules.baseline or pinned_baseline(track, names))
    reading = off_rulers(base, track, rules)
    by_speed = reading.ranks_by_speed_up(rules)
    rows = _rows(base, qualities, by_rate, reading)
    if by_speed:
        rows = _ranked_by_speed(rows, reading.speed_up_ranks([row.name for row in rows]))
    first, workloads = base.drop_duplicates("workload"), tuple(sorted(set(base["workload"].astype(str))))
    return QualityBoard(
        track=track.name,
        clock="examples",
        suite=str(trials["suite"].iloc[0]),
        shares=tuple(sorted({q.share for q in qualities})),
        workloads=workloads,
        metrics=dict(zip(first["workload"].astype(str), first["metric"].astype(str), strict=True)),
        lower_is_better=dict(zip(first["workload"].astype(str), first["lower_is_better"].astype(bool), strict=True)),
        rows=rows,
        sensitivity=by_rate,
        trials=status_counts(trials["status"].astype(str)),
        verdict=speed_verdict(rows, reading.pairs, rules.baseline) if by_speed else _verdict(rows, by_rate),
        notes=(
            *doubts(base),
            *protocol_notes(base),
            *_notes(base, rows, qualities, by_rate),
            *reading_notes(reading, workloads, wanted=Reading.COMPUTE_SAVED in track.reads),
        ),
        studies=int(base.groupby(["submission", "workload"])["study"].nunique().max()),
        baseline=rules.baseline if reading.has_speed_ups else "",
        ranked_by="sensitivity" if by_rate else "speedup" if by_speed else "mean rank",
        pairs=reading.pairs,
    )


def _ranked_by_speed(rows: Sequence[QualityRow], ranks: Mapping[str, RankRange]) -> tuple[QualityRow, ...]:
    places = [(row, ranks[row.name]) for row in rows]
    ranked_rows = [replace(row, rank=place.rank, rank_low=place.low, rank_high=place.high) for row, place in places]
    return tuple(sorted(ranked_rows, key=lambda row: (row.rank, row.name)))


def _rows(
    trials: pd.DataFrame, qualities: Sequence[Quality], by_rate: Sequence[RateRow], reading: Headline
) -> tuple[QualityRow, ...]:
    count = trials["submission"].astype(str).value_counts()
    names = [row.name for row in by_rate] or sorted({q.name for q in qualities})
    own = {name: tuple(q for q in qualities if q.name == name) for name in names}
    middle = {name: math.fsum(q.mean_rank for q in shares) / len(shares) for name, shares in own.items() if shares}
    order = [middle[name] for name in names] if middle else [math.inf if row.value is None else row.value for row in by_rate]
    places = ranked(-np.array(order, dtype=float))
    rows = [
        QualityRow(
            name=name,
            rank=int(place),
            mean_rank=middle.get(name),
            regret=_mean([q.regret for q in own[name]]),
            shares=own[name],
            trials=int(count.get(name, 0)),
            note=_row_note(own[name]),
            speed_up=reading.speed_ups.get(name, RowSpeedUp()),
        )
        for name, place in zip(names, places, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: (row.rank, row.name)))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _row_note(shares: Sequence[Quality]) -> str:
    absent = sorted({w for q in shares for w, count in q.studies.items() if not count})
    return f"no study of {listed(absent)}: it counts as the last one there" if absent else ""


def _verdict(rows: Sequence[QualityRow], by_rate: Sequence[RateRow]) -> str:
    if by_rate:
        known = [row for row in by_rate if row.value is not None]
        if not known:
            return "No submission has a sensitivity on every workload."
        least = f"{known[0].name} is the least sensitive to its peak learning rate ({_with_mark(known[0])})"
        return f"{least}." if len(known) == 1 else f"{least}, {known[-1].name} the most ({_with_mark(known[-1])})."
    tied = [row.name for row in rows if row.rank == 1]
    leader = rows[0]
    regret = "" if leader.regret is None else f", mean regret {leader.regret:.3f}"
    verb = "lead" if len(tied) > 1 else "leads"
    return f"{listed(tied)} {verb} over all shares of the budget with mean rank {leader.mean_rank:.2f}{regret}."


def _with_mark(row: RateRow) -> str:
    return f"at least {row.value:.3f}, its best rate is at an edge of the grid" if row.edge else f"{row.value:.3f}"


def _notes(
    trials: pd.DataFrame, rows: Sequence[QualityRow], qualities: Sequence[Quality], by_rate: Sequence[RateRow]
) -> list[str]:
    lines = []
    if qualities:
        lines.append("Mean ranks and regrets have no intervals; each quality is shown with the range over its studies.")
        lines += _unequal_trials(trials)
        if any(row.regret is None for row in rows):
            lines.append("Regret is missing where the records do not state the metric of an untrained model.")
    reasons: dict[str, list[str]] = {}
    for row in by_rate:
        for workload, reason in row.unavailable.items():
            reasons.setdefault(reason, []).append(f"{row.name} on {workload}")
    lines += [f"No sensitivity, because {reason}: {listed(where)}." for reason, where in sorted(reasons.items())]
    edges = [row.name for row in by_rate if row.edge]
    if edges:
        lines.append(f"The best rate is at an edge of the grid, so the true sensitivity is larger: {listed(edges)}.")
    return lines


def _unequal_trials(trials: pd.DataFrame) -> list[str]:
    """Say how many trials per study and share each submission has, where they differ: more trials find better ones."""
    counts = trials.groupby(["submission", "workload", "study", "horizon_examples"]).size().groupby(level=0).max()
    groups: dict[int, list[str]] = {}
    for name, count in counts.items():
        groups.setdefault(int(count), []).append(str(name))
    if len(groups) < 2:
        return []
    parts = [f"{count} {'trial' if count == 1 else 'trials'} of {listed(sorted(who))}" for count, who in sorted(groups.items())]
    return [
        f"A study has {', '.join(parts)} at each share. Speed-ups compare equal numbers of trials; regret and mean rank do not."
    ]

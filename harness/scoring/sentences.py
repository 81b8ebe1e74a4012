"""The sentences of a board: its verdict and its notes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from harness.pruning import FORECAST, SCORE_ONLY
from harness.scoring.board_parts import Cell, Pair, Row
from harness.scoring.canonical import Study, exact_on, run_clock
from harness.scoring.pool import Pool

SHOWN = 5


def listed(names: Sequence[str]) -> str:
    """Return names as prose, at most five of them.

    >>> listed(["a", "b", "c"]), listed(list("abcdefg"))
    ('a, b and c', 'a, b, c, d, e and 2 more')
    """
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def verdict(rows: Sequence[Row], pairs: Sequence[Pair], workloads: Sequence[str]) -> str:
    """Return one sentence: who leads, with what score, from whom it is not separable, who misses what."""
    leader = rows[0]
    if not any(row.targets_reached for row in rows):
        return "No submission reaches a target."
    if len(rows) == 1:
        reached = f"{leader.targets_reached} of {len(workloads)}"
        return f"Only {leader.name} ran: it is its own pool, so its score says how many targets it reaches ({reached})."
    tied = [row.name for row in rows if row.rank == 1]
    head = f"{listed(tied)} {'lead' if len(tied) > 1 else 'leads'} with score {leader.score:.3f}"
    head += (
        f" [{leader.score_low:.3f}, {leader.score_high:.3f}]{' (approximate)' if leader.approximate else ''}"
        if leader.score_low is not None and leader.score_high is not None
        else ""
    )
    return "; ".join([head, *_tested(leader, rows, tied, pairs), *_misses(rows, workloads)]) + "."


def _tested(leader: Row, rows: Sequence[Row], tied: Sequence[str], pairs: Sequence[Pair]) -> list[str]:
    """From whom the leader is separable by speed, and in which direction: a leader by score may be the slower one."""
    own = {p.b if p.a == leader.name else p.a: p for p in pairs if leader.name in (p.a, p.b)}
    if not own:
        return []
    if all(p.p is None for p in own.values()):
        return ["too few studies to tell who is faster"]
    others = [row.name for row in rows if row.name not in tied and row.name in own]
    level = [name for name in others if not own[name].separable]
    slower = [n for n in others if own[n].separable and ((own[n].ratio or 1.0) < 1) == (own[n].a == leader.name)]
    parts = []
    if others and len(level) == len(others):
        parts.append("in speed not separable from any other")
    elif others:
        parts.append(f"in speed not separable from {listed(level)}" if level else "in speed separable from all others")
    return [*parts, f"yet slower than {listed(slower)} over the workloads both ran"] if slower else parts


def _misses(rows: Sequence[Row], workloads: Sequence[str]) -> list[str]:
    """Who misses which targets, in the order of the ranking; of many, the best few."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        lost = [w for w in workloads if math.isinf(row.cells[w].time) and not row.cells[w].unknown]
        what = "every target" if len(lost) == len(workloads) else listed(lost)
        if lost:
            groups.setdefault(what, []).append(row.name)
    told = [f"{listed(names)} {'miss' if len(names) > 1 else 'misses'} {what}" for what, names in groups.items()]
    if len(told) <= SHOWN:
        return told
    rest = sum(len(names) for names in list(groups.values())[SHOWN - 1 :])
    return [*told[: SHOWN - 1], f"{rest} more miss some"]


def pruning_labels(pruned_by: Collection[str], forecast: int) -> dict[str, str]:
    """Return what must stand on a board that something beside the safe rules has pruned, a sentence each.

    Args:
        pruned_by: "score-only", "forecast".
        forecast: how many trials a forecast stopped.
    """
    labels = {}
    if SCORE_ONLY in pruned_by:
        labels[SCORE_ONLY] = (
            "Pruned by --prune score-only: scores stand, intervals, speed-ups and tests do not. Where a cell says "
            "“cut” its median is not known, only that it can change no score, and targets reached may be more."
        )
    if FORECAST in pruned_by and forecast:
        labels[FORECAST] = (
            f"--stop-hopeless: a forecast stopped {forecast} {'trial' if forecast == 1 else 'trials'}, which count as missed "
            "here; some may have reached their target, and no interval knows of that."
        )
    return labels


def notes(
    trials: pd.DataFrame,
    studies: Sequence[Study],
    pool: Pool,
    cells: Mapping[tuple[str, str], Cell],
    clock: str,
    fewest: int,
) -> list[str]:
    """Return what a reader of the board must know, plain sentences in a fixed order."""
    lines = [*_machines(trials, clock), *_few(fewest, pool), *_missing(studies), *_absent(pool, cells)]
    if not pool.paired:
        lines.append("Studies share no seeds between submissions: each submission is resampled alone.")
    if not exact_on(trials, clock):
        raced = run_clock(str(trials["track"].iloc[0]))
        lines.append(
            f"Trials were pruned on the {raced} clock: on the {clock} clock a time marked ≤ is an upper bound, "
            "and scores and intervals that use it are not exact. Run with --no-prune for exact ones."
        )
    unknown = [w for w in pool.workloads if pd.isna(trials.loc[trials["workload"] == w, f"budget_{clock}"]).all()]
    if unknown and any(math.isinf(cell.time) or cell.reached < cell.studies for cell in cells.values()):
        lines.append(
            f"The rules set no budget in {clock} on {listed(unknown)}: there a miss is charged the longest trial that ended."
        )
    lost = sorted({s.workload for s in studies if s.held_out} - set(pool.labels))
    if lost:
        lines.append(f"Held-out variants without their base do not count: {listed(lost)}.")
    skipped = sorted({s.workload for s in studies if not s.held_out} - set(pool.workloads))
    if skipped:
        lines.append(f"Skipped everywhere, so not scored: {listed(skipped)}.")
    nobody = [w for w in pool.workloads if all(math.isinf(cells[name, w].time) for name in pool.submissions)]
    if nobody:
        lines.append(f"No submission reaches the target of {listed(nobody)}; it lowers every score alike.")
    return lines


def _machines(trials: pd.DataFrame, clock: str) -> list[str]:
    if clock != "seconds":
        return []
    lines = []
    machines = sorted({str(m) for m in trials["machine"] if m})
    if len(machines) > 1:
        lines.append(
            f"Seconds come from {len(machines)} different machines ({listed(machines)}): times are not comparable between them."
        )
    levels = sorted({int(c) for c in trials["concurrency"] if c is not None and not pd.isna(c)})
    if len(levels) > 1:
        lines.append(f"Seconds were taken with {listed([str(c) for c in levels])} trials at once: shared caches bias them.")
    return lines


def _few(fewest: int, pool: Pool) -> list[str]:
    if fewest == 1:
        return ["One study: no intervals, and any rank is possible."]
    if fewest == 2:
        return ["Two studies are too few for intervals: run at least 3, better 5."]
    even = sorted({w for w in pool.workloads if any(n and n % 2 == 0 for n in pool.count(w))})
    return (
        [f"Even numbers of studies ({listed(even)}): a half-missed median is infinite; odd numbers are better."] if even else []
    )


def _missing(studies: Sequence[Study]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for s in studies:
        if s.missing and s.reason != "it was skipped":
            reasons.setdefault(s.reason, []).append(f"{s.submission} on {s.workload} (study {s.study})")
    return [f"Missing until rerun, because {reason}: {listed(where)}." for reason, where in sorted(reasons.items())]


def _absent(pool: Pool, cells: Mapping[tuple[str, str], Cell]) -> list[str]:
    names: dict[str, list[str]] = {}
    for name in pool.submissions:
        empty = [w for w in pool.workloads if not cells[name, w].studies]
        if empty:
            names.setdefault(listed(empty), []).append(name)
    lines = []
    for what, who in names.items():
        have = f"{listed(who)} {'have' if len(who) > 1 else 'has'} no study of {what}"
        lines.append(f"{have}: it counts as unsolved until it runs, and comparisons leave it out.")
    return lines

"""What AlgoPerf v0.5's official table says once doubt is shown: `python -m analyses.algoperf_v05 [SECTION] [--out PAGE]`.

Every number of docs/algoperf.md comes from here, a section each, as Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from analyses.score_differences import ScoreDifference, score_differences
from harness.compat.first_hits import SOURCE, first_hits
from harness.results import write_atomically
from harness.scoring import Board, score_board
from harness.scoring.canonical import canonical_studies
from harness.scoring.profiles import contributions, grid_contributions, workload_contributions
from harness.scoring.profiles import scores as pool_scores
from harness.scoring.resampling import random_resample
from harness.scoring.rules import ScoringRules
from harness.scoring.study_times import StudyTimes, build_study_times
from harness.scoring.trial_table import checked

BASELINE = "baseline"
Scores = Mapping[str, float]


@dataclass(frozen=True)
class Study:
    """The official table, scored by our rules and by the published ones."""

    trials: pd.DataFrame
    study_times: StudyTimes
    ours: Board
    published: Board
    differences: Mapping[tuple[str, str], ScoreDifference]


@cache
def study() -> Study:
    """Return the study: a few seconds."""
    trials = checked(first_hits().trials)
    study_times = study_times_of(trials)
    return Study(
        trials,
        study_times,
        board(trials),
        board(trials, legacy_tie_rule=True, legacy_grid=True),
        score_differences(study_times),
    )


def study_times_of(trials: pd.DataFrame, *, by_index: bool = False) -> StudyTimes:
    """Return the study times of a table of first hits; `by_index`: AlgoPerf's rule for ties."""
    rules = ScoringRules("seconds", legacy_tie_rule=by_index)
    return build_study_times(trials, canonical_studies(trials, rules), rules)


def board(trials: pd.DataFrame, *, legacy_tie_rule: bool = False, legacy_grid: bool = False) -> Board:
    """Return the board of `trials` over AlgoPerf's baseline on the clock of seconds."""
    return score_board(
        trials, ScoringRules("seconds", baseline=BASELINE, legacy_tie_rule=legacy_tie_rule, legacy_grid=legacy_grid)
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, the first column to the left, the others to the right."""
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def span(low: float | None, high: float | None, digits: int = 3) -> str:
    """Return ``low to high``, a dash where there is none."""
    return "-" if low is None or high is None else f"{low:.{digits}f} to {high:.{digits}f}"


def _p(p: float | None) -> str:
    return "-" if p is None else "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def data() -> str:
    """What the table holds, and what it lacks."""
    logs = first_hits()
    reached = int((logs.trials["hit_index"] >= 0).sum())
    lines = [f"{len(logs.trials)} trials, of which {reached} met their target.", *logs.notes]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def scores() -> str:
    """Scores with intervals and ranges of ranks, beside the published ones."""
    known = study()
    old = {row.name: row for row in known.published.rows}
    rows = [
        [
            row.name,
            f"{old[row.name].score:.4f}",
            f"{row.score:.4f}",
            span(row.score_low, row.score_high) + ("~" if row.approximate else ""),
            f"{row.rank}",
            f"{row.rank_low} to {row.rank_high}",
            span(row.population_low, row.population_high),
            f"{row.targets_reached} of {len(known.ours.workloads)}",
        ]
        for row in known.ours.rows
    ]
    head = ("submission", "published", "exact", "95 %", "rank", "range", "workloads drawn", "targets")
    width = [(row.score_high or 0) - (row.score_low or 0) for row in known.ours.rows]
    wide = sum(row.rank_high > row.rank_low for row in known.ours.rows)
    return table(head, rows) + (
        f"\nMedian width of the intervals: {float(np.median(width)):.3f}; "
        f"{wide} of {len(rows)} submissions have a range of ranks, not a rank.\n"
    )


def neighbours() -> str:
    """Which adjacent ranks are separable, by score and by speed."""
    known = study()
    pairs = {frozenset((p.a, p.b)): p for p in known.ours.pairs}
    rows = []
    for upper, lower in pairwise(known.ours.rows):
        difference, sign = _difference(known, upper.name, lower.name)
        interval = difference.estimate.interval()
        low, high = sorted((sign * interval[0], sign * interval[1])) if interval else (None, None)
        pair = pairs[frozenset((upper.name, lower.name))]
        turned = pair.a != upper.name
        ratio = 1 / pair.ratio if turned and pair.ratio else pair.ratio
        bound = {"≤": "≥", "≥": "≤"}.get(pair.bound, pair.bound) if turned else pair.bound
        ends = (pair.high, pair.low) if turned else (pair.low, pair.high)
        slowest, fastest = (1 / x if turned and x else x for x in ends)
        rows.append(
            [
                f"{upper.rank} {upper.name}, {lower.rank} {lower.name}",
                f"{upper.score - lower.score:.3f}",
                span(low, high),
                _p(difference.p_holm),
                f"{bound}{ratio:.2f}" if ratio else "-",
                span(slowest, fastest, digits=2),
                _p(pair.p_holm),
                _verdict(difference.separable, pair.separable, ratio or 1.0),
            ]
        )
    head = ("neighbours", "difference", "95 %", "p", "ratio", "95 %", "p", "separable")
    by_score = sum(d.separable for d in known.differences.values())
    by_speed = sum(p.separable for p in known.ours.pairs)
    near = [_difference(known, a.name, b.name)[0].separable for a, b in pairwise(known.ours.rows)]
    fast = [pairs[frozenset((a.name, b.name))].separable for a, b in pairwise(known.ours.rows)]
    return table(head, rows) + (
        f"\nNeighbours separable by score: {sum(near)} of {len(near)}; by speed: {sum(fast)} of {len(fast)}. "
        f"All pairs: {by_score} of {len(known.differences)} by score, {by_speed} of {len(known.differences)} by speed.\n"
    )


def _difference(known: Study, a: str, b: str) -> tuple[ScoreDifference, int]:
    return (known.differences[a, b], 1) if a < b else (known.differences[b, a], -1)


def _verdict(score: bool, speed: bool, ratio: float) -> str:
    how = "speed" if ratio >= 1 else "speed, the other way"
    return " and ".join([*(["score"] if score else []), *([how] if speed else [])]) or "no"


def leaders() -> str:
    """From whom the first is separable."""
    known = study()
    first = known.ours.rows[0].name
    pairs = {frozenset((p.a, p.b)): p for p in known.ours.pairs}
    rows = []
    for row in known.ours.rows[1:]:
        difference, sign = _difference(known, first, row.name)
        pair = pairs[frozenset((first, row.name))]
        interval = difference.estimate.interval()
        low, high = sorted((sign * interval[0], sign * interval[1])) if interval else (None, None)
        share = None if pair.faster is None else pair.faster if pair.a == first else 1 - pair.faster
        rows.append(
            [
                row.name,
                f"{sign * difference.estimate.value:.3f}",
                span(low, high),
                _p(difference.p_holm),
                _p(pair.p_holm),
                "-" if share is None else f"{share:.0%}",
            ]
        )
    return table((f"{first} against", "score difference", "95 %", "p by score", "p by speed", "faster in"), rows)


def submissions() -> str:
    """What leaving out one submission does to the others."""
    known = study()
    full = pool_scores(known.study_times)
    left = known.ours.leave_out["submission"]
    rows = []
    for gone in (row.name for row in known.ours.rows):
        changes = {name: value - full[name] for name, value in left[gone].items()}
        most = max(changes, key=lambda name: (abs(changes[name]), name))
        moved = f"{most} {full[most]:.3f} to {left[gone][most]:.3f}" if abs(changes[most]) > 5e-4 else "none"
        rows.append([gone, moved, f"{sum(abs(c) > 5e-4 for c in changes.values())}", _turned(full, left[gone])])
    return table(("left out", "largest change", "scores changed", "pairs whose order turns"), rows)


def workloads() -> str:
    """What leaving out one workload does to scores and to the order."""
    known = study()
    full = pool_scores(known.study_times)
    left = known.ours.leave_out["workload"]
    rows = []
    for gone in known.ours.workloads:
        order = sorted(left[gone], key=lambda name: (-left[gone][name], name))
        rows.append([gone, f"{order[0]} {left[gone][order[0]]:.3f}", _turned(full, left[gone])])
    spread = []
    for row in known.ours.rows:
        values = [left[gone][row.name] for gone in known.ours.workloads]
        places = [1 + sum(v > left[gone][row.name] for v in left[gone].values()) for gone in known.ours.workloads]
        spread.append([row.name, f"{row.score:.3f}", span(min(values), max(values)), f"{min(places)} to {max(places)}"])
    first = table(("left out", "leader", "pairs whose order turns"), rows)
    return first + "\n" + table(("submission", "score", "scores without one", "ranks without one"), spread)


def _turned(before: Scores, after: Scores) -> str:
    pairs = [
        f"{b} over {a}" if after[b] > after[a] else f"{a} = {b}"
        for a, b in combinations(sorted(after, key=lambda name: (-before[name], name)), 2)
        if before[a] > before[b] and after[a] <= after[b]
    ]
    return "; ".join(pairs) or "none"


def rules() -> str:
    """The effect of the tie rule, the grid, the held-out rule."""
    known = study()
    bases = known.trials[~known.trials["held_out"]]
    boards = {
        "published": known.published,
        "tie by time": board(known.trials, legacy_grid=True),
        "exact integral": board(known.trials, legacy_tie_rule=True),
        "both, ours": known.ours,
        "no held-out rule": board(bases),
    }
    found = {name: {row.name: row.score for row in b.rows} for name, b in boards.items()}
    ties_of = tie_ranges(known.trials)
    rows = [
        [row.name, *(f"{values[row.name]:.4f}" for values in found.values()), span(*ties_of[row.name], digits=4)]
        for row in known.published.rows
    ]
    lost = [f"{cell.submission} on {cell.workload}" for row in known.ours.rows for cell in row.cells.values() if cell.note]
    mixed = known.trials[known.trials["hit_index"] >= 0].groupby(["submission", "workload", "study"])
    grid = max(abs(found["tie by time"][name] - found["both, ours"][name]) for name in found["both, ours"])
    ties = sum(int((rows["hit_index"] == rows["hit_index"].min()).sum() > 1) for _, rows in mixed)
    return table(("submission", *found, "published, any order of files"), rows) + (
        f"\nThe grid moves a score by {grid:.4f} at most. "
        f"Studies whose smallest evaluation index is shared by several trials: {ties} of {len(mixed)} that reach. "
        f"Cells lost to the held-out rule alone: {len(lost)} ({', '.join(lost)}).\n"
    )


def tie_ranges(trials: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest score of each submission that any order of files can give under the published rules.

    A score falls with the submission's own times and rises with the others': so it is lowest where its own ties go to
    the slowest trial and the others' to the fastest, and highest the other way round.
    """
    ranges = {}
    slow = slowest_of_ties(trials)
    for name in sorted(set(trials["submission"])):
        own = trials["submission"] == name
        low, high = (
            pool_scores(study_times_of(checked(pd.concat(parts)), by_index=True), grid_contributions)[name]
            for parts in ((slow[own], trials[~own]), (trials[own], slow[~own]))
        )
        ranges[name] = low, high
    return ranges


def slowest_of_ties(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the table in which, of the trials that share a study's smallest index, only the slowest has its hit."""
    keys = ["submission", "workload", "study"]
    hits = trials[trials["hit_index"] >= 0]
    first = hits[hits["hit_index"] == hits.groupby(keys)["hit_index"].transform("min")]
    slowest = first.sort_values([*keys, "hit_seconds"]).drop_duplicates(keys, keep="last").index
    spoilt = first.index.difference(slowest)
    changed = trials.copy()
    changed.loc[spoilt, "hit_index"] = -1
    changed.loc[spoilt, ["hit_seconds", "hit_steps"]] = np.inf
    changed.loc[spoilt, "status"] = "missed"
    return changed


def doubt() -> str:
    """Where the width of each interval comes from."""
    known = study()
    spread = np.stack(
        [contributions(random_resample(known.study_times, w).times).var(axis=1) for w in known.study_times.workloads], axis=1
    )
    h = workload_contributions(known.study_times)
    rows = []
    for row in known.ours.rows:
        i = known.study_times.submissions.index(row.name)
        order = np.argsort(-spread[i], kind="stable")[:2]
        total = float(spread[i].sum())
        parts = [f"{known.study_times.workloads[k]} {spread[i, k] / total:.0%}" for k in order if total and spread[i, k] > 0]
        mixed = [c for c in row.cells.values() if 0 < c.reached < c.studies]
        error = total**0.5 / len(known.study_times.workloads)
        full = int((h[i] > 0).sum())
        rows.append([row.name, f"{error:.3f}", ", ".join(parts) or "-", f"{len(mixed)} of {len(row.cells)}", f"{full}"])
    head = (
        "submission",
        "standard error",
        "most of its variance",
        "cells reached in some studies only",
        "workloads that score",
    )
    return table(head, rows)


def coverage() -> str:
    """How often the intervals hold in worlds shaped like the table; a minute."""
    from analyses.algoperf_world import coverage_table

    return coverage_table(study().study_times, table)


SECTIONS: dict[str, Callable[[], str]] = {
    section.__name__: section for section in (data, scores, neighbours, leaders, submissions, workloads, rules, doubt)
}
SLOW: dict[str, Callable[[], str]] = {"coverage": coverage}


def write_page(out: Path) -> None:
    """Write the leaderboard page of the official table by our rules; its data are in the page."""
    from harness.report import write_report

    trials = first_hits().trials
    note = {"imported": {"from": f"AlgoPerf 0.5 ({SOURCE})"}}
    with TemporaryDirectory() as place:
        page = Path(place) / "algoperf.html"
        write_report(trials.assign(facts=pd.Series([note] * len(trials))), page, ScoringRules("seconds", baseline=BASELINE))
        write_atomically(out, page.read_text(encoding="utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a section, or all fast ones, or write the page."""
    parser = argparse.ArgumentParser(prog="python -m analyses.algoperf_v05", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("section", nargs="?", choices=[*SECTIONS, *SLOW], help="default: all but coverage")
    parser.add_argument("--out", type=Path, help="write the page there instead of printing")
    given = parser.parse_args(arguments)
    if given.out:
        write_page(given.out)
        print(f"wrote {given.out}")
        return 0
    chosen = {given.section: {**SECTIONS, **SLOW}[given.section]} if given.section else SECTIONS
    for name, section in chosen.items():
        print(section() if given.section else f"## {name}\n\n{section()}", end="" if given.section else "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""AlgoPerf v0.5's official results with error bars: every table of docs/algoperf.md, one section each, as Markdown.

python -m analyses.algoperf_v05 [SECTION]
python -m analyses.algoperf_v05 --out PAGE.html
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from analyses.markdown import p_value, span, table
from analyses.official_table import OURS, PUBLISHED, official_table, tie_ranges
from harness.compat.first_hits import SOURCE, first_hits
from harness.results import write_atomically
from harness.scoring import score_board
from harness.scoring.profiles import contributions, workload_contributions
from harness.scoring.profiles import scores as scores_of
from harness.scoring.resampling import random_resample

Scores = Mapping[str, float]


def data() -> str:
    """What the table contains, and which cells are absent."""
    logs = first_hits()
    reached = int((logs.trials["hit_index"] >= 0).sum())
    lines = [f"{len(logs.trials)} trials, of which {reached} met their target.", *logs.notes]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def scores() -> str:
    """Scores with intervals and ranges of ranks, beside the published ones."""
    official = official_table()
    published = {row.name: row for row in official.published.rows}
    rows = [
        [
            row.name,
            f"{published[row.name].score:.4f}",
            f"{row.score:.4f}",
            span(row.score_low, row.score_high) + ("~" if row.approximate else ""),
            f"{row.rank}",
            f"{row.rank_low} to {row.rank_high}",
            span(row.population_low, row.population_high),
            f"{row.targets_reached} of {len(official.ours.workloads)}",
        ]
        for row in official.ours.rows
    ]
    head = ("submission", "published", "exact", "95 %", "rank", "range", "workloads drawn", "targets")
    width = [(row.score_high or 0) - (row.score_low or 0) for row in official.ours.rows]
    wide = sum(row.rank_high > row.rank_low for row in official.ours.rows)
    return table(head, rows) + (
        f"\nMedian width of the intervals: {float(np.median(width)):.3f}; "
        f"{wide} of {len(rows)} submissions have a range of ranks, not a rank.\n"
    )


def neighbours() -> str:
    """Which adjacent ranks are separable, by score and by speed."""
    official = official_table()
    pairs, scores = {frozenset((p.a, p.b)): p for p in official.ours.pairs}, official.ours.scores
    rows = []
    for upper, lower in pairwise(official.ours.rows):
        difference, sign = official.difference(upper.name, lower.name)
        interval = difference.estimate.interval()
        low, high = sorted((sign * interval[0], sign * interval[1])) if interval else (None, None)
        pair = pairs[frozenset((upper.name, lower.name))]
        if pair.a != upper.name:
            pair = pair.flipped()
        rows.append(
            [
                f"{upper.rank} {upper.name}, {lower.rank} {lower.name}",
                f"{scores[upper.name] - scores[lower.name]:.3f}",
                span(low, high),
                p_value(difference.p_holm),
                f"{pair.bound}{pair.ratio:.2f}" if pair.ratio else "-",
                span(pair.low, pair.high, digits=2),
                p_value(pair.p_holm),
                _separable_by(difference.separable, pair.separable, pair.ratio or 1.0),
            ]
        )
    head = ("neighbours", "difference", "95 %", "p", "ratio", "95 %", "p", "separable")
    by_score = sum(d.separable for d in official.differences.values())
    by_speed = sum(p.separable for p in official.ours.pairs)
    near_by_score = [official.difference(a.name, b.name)[0].separable for a, b in pairwise(official.ours.rows)]
    near_by_speed = [pairs[frozenset((a.name, b.name))].separable for a, b in pairwise(official.ours.rows)]
    near, total = len(near_by_score), len(official.differences)
    return table(head, rows) + (
        f"\nNeighbours separable by score: {sum(near_by_score)} of {near}; by speed: {sum(near_by_speed)} of {near}. "
        f"All pairs: {by_score} of {total} by score, {by_speed} of {total} by speed.\n"
    )


def _separable_by(score: bool, speed: bool, ratio: float) -> str:
    by_speed = "speed" if ratio >= 1 else "speed, the other way"
    return " and ".join([*(["score"] if score else []), *([by_speed] if speed else [])]) or "no"


def leaders() -> str:
    """From which submissions the first one is separable."""
    official = official_table()
    first = official.ours.rows[0].name
    pairs = {frozenset((p.a, p.b)): p for p in official.ours.pairs}
    rows = []
    for row in official.ours.rows[1:]:
        difference, sign = official.difference(first, row.name)
        pair = pairs[frozenset((first, row.name))]
        interval = difference.estimate.interval()
        low, high = sorted((sign * interval[0], sign * interval[1])) if interval else (None, None)
        share = None if pair.faster is None else pair.faster if pair.a == first else 1 - pair.faster
        rows.append(
            [
                row.name,
                f"{sign * difference.estimate.value:.3f}",
                span(low, high),
                p_value(difference.p_holm),
                p_value(pair.p_holm),
                "-" if share is None else f"{share:.0%}",
            ]
        )
    return table((f"{first} against", "score difference", "95 %", "p by score", "p by speed", "faster in"), rows)


def submissions() -> str:
    """How the other scores change if one submission is left out."""
    official = official_table()
    full = scores_of(official.study_times)
    without = official.ours.leave_out["submission"]
    rows = []
    for left_out in (row.name for row in official.ours.rows):
        changes = {name: value - full[name] for name, value in without[left_out].items()}
        most = max(changes, key=lambda name: (abs(changes[name]), name))
        largest = f"{most} {full[most]:.3f} to {without[left_out][most]:.3f}" if abs(changes[most]) > 5e-4 else "none"
        changed = sum(abs(change) > 5e-4 for change in changes.values())
        rows.append([left_out, largest, f"{changed}", _reversed_pairs(full, without[left_out])])
    return table(("left out", "largest change", "scores changed", "pairs that change order"), rows)


def workloads() -> str:
    """How scores and their order change if one workload is left out."""
    official = official_table()
    full = scores_of(official.study_times)
    without = official.ours.leave_out["workload"]
    rows = []
    for left_out in official.ours.workloads:
        order = sorted(without[left_out], key=lambda name: (-without[left_out][name], name))
        rows.append([left_out, f"{order[0]} {without[left_out][order[0]]:.3f}", _reversed_pairs(full, without[left_out])])
    spread = []
    for row in official.ours.rows:
        values = [without[left_out][row.name] for left_out in official.ours.workloads]
        ranks = [1 + sum(v > without[w][row.name] for v in without[w].values()) for w in official.ours.workloads]
        spread.append([row.name, f"{row.score:.3f}", span(min(values), max(values)), f"{min(ranks)} to {max(ranks)}"])
    first = table(("left out", "leader", "pairs that change order"), rows)
    return first + "\n" + table(("submission", "score", "scores without one", "ranks without one"), spread)


def _reversed_pairs(before: Scores, after: Scores) -> str:
    pairs = [
        f"{b} over {a}" if after[b] > after[a] else f"{a} = {b}"
        for a, b in combinations(sorted(after, key=lambda name: (-before[name], name)), 2)
        if before[a] > before[b] and after[a] <= after[b]
    ]
    return "; ".join(pairs) or "none"


def rules() -> str:
    """The effects of the rule for ties, the grid and the held-out rule."""
    official = official_table()
    bases = official.trials[~official.trials["held_out"]]
    boards = {
        "published": official.published,
        "tie by time": score_board(official.trials, replace(OURS, legacy_grid=True)),
        "exact integral": score_board(official.trials, replace(PUBLISHED, legacy_grid=False)),
        "both, ours": official.ours,
        "no held-out rule": score_board(bases, OURS),
    }
    by_rule = {name: board.scores for name, board in boards.items()}
    ranges = tie_ranges(official.trials)
    rows = [
        [row.name, *(f"{values[row.name]:.4f}" for values in by_rule.values()), span(*ranges[row.name], digits=4)]
        for row in official.published.rows
    ]
    lost = [f"{cell.submission} on {cell.workload}" for row in official.ours.rows for cell in row.cells.values() if cell.note]
    reaching = official.trials[official.trials["hit_index"] >= 0].groupby(["submission", "workload", "study"])
    ties = sum(int((hits["hit_index"] == hits["hit_index"].min()).sum() > 1) for _, hits in reaching)
    grid = max(abs(by_rule["tie by time"][name] - by_rule["both, ours"][name]) for name in by_rule["both, ours"])
    return table(("submission", *by_rule, "published, any order of files"), rows) + (
        f"\nThe grid moves a score by {grid:.4f} at most. "
        f"Studies whose smallest evaluation index is shared by several trials: {ties} of {len(reaching)} that reach. "
        f"Cells that count as missed only because of the held-out rule: {len(lost)} ({', '.join(lost)}).\n"
    )


def variance() -> str:
    """Which workloads the width of each interval comes from."""
    official = official_table()
    study_times = official.study_times
    resamples = [random_resample(study_times, workload) for workload in study_times.workloads]
    spread = np.stack([contributions(resample.times).var(axis=1) for resample in resamples], axis=1)
    h = workload_contributions(study_times)
    rows = []
    for row in official.ours.rows:
        i = study_times.submissions.index(row.name)
        order = np.argsort(-spread[i], kind="stable")[:2]
        total = float(spread[i].sum())
        parts = [f"{study_times.workloads[k]} {spread[i, k] / total:.0%}" for k in order if total and spread[i, k] > 0]
        mixed = [c for c in row.cells.values() if 0 < c.reached < c.studies]
        error = total**0.5 / len(study_times.workloads)
        scoring = int((h[i] > 0).sum())
        rows.append([row.name, f"{error:.3f}", ", ".join(parts) or "-", f"{len(mixed)} of {len(row.cells)}", f"{scoring}"])
    head = (
        "submission",
        "standard error",
        "most of its variance",
        "cells reached in some studies only",
        "workloads that score",
    )
    return table(head, rows)


def coverage() -> str:
    """How often the intervals cover the truth on simulated boards; this takes a minute."""
    from analyses.algoperf_simulation import coverage_table

    return coverage_table(official_table().study_times)


SECTIONS: dict[str, Callable[[], str]] = {
    section.__name__: section for section in (data, scores, neighbours, leaders, submissions, workloads, rules, variance)
}
SLOW: dict[str, Callable[[], str]] = {"coverage": coverage}


def write_page(out: Path) -> None:
    """Write the leaderboard page of the official table, by our rules, as one file that includes its data."""
    from harness.report import write_report
    from harness.results import BoardInput

    trials = first_hits().trials
    note = {"imported": {"from": f"AlgoPerf 0.5 ({SOURCE})"}}
    with TemporaryDirectory() as folder:
        page = Path(folder) / "algoperf.html"
        write_report(BoardInput(trials.assign(facts=pd.Series([note] * len(trials)))), page, OURS)
        write_atomically(out, page.read_text(encoding="utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one section, or all fast ones, or write the page; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m analyses.algoperf_v05", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("section", nargs="?", choices=[*SECTIONS, *SLOW], help="default: all but coverage")
    parser.add_argument("--out", type=Path, metavar="PAGE.html", help="write the leaderboard page there instead of printing")
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

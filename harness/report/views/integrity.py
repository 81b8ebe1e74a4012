"""What a reader must know to trust a board: what is missing, what failed and why, and on which machines it ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.canonical import canonical_json
from harness.records import FAILURES, STATUSES, Status
from harness.report.views.content import PageContent, RaceContent
from harness.report.views.facts import trial_with_facts, workload_description
from harness.report.views.ranking import workload_labels
from harness.report.words import NO_VALUE, one_line, visible
from harness.scoring.board_parts import Board

LISTED_STATUSES = (*FAILURES, Status.KILLED)
"""Statuses of the trials that are listed with their reason."""

MAX_LISTED = 40
"""Most failures and most environments that are listed."""

HELP_RATIO, HELP_SECONDS = 1.1, 0.1
"""A trial is flagged if the CPU seconds of its process exceed `HELP_RATIO` times those of its training thread, plus
`HELP_SECONDS` (the worker's own threads need a little)."""


@dataclass(frozen=True)
class Integrity:
    """The integrity section.

    Attributes:
        statuses: the statuses that occur.
        counts: (submission, trials per status) as recorded, before scoring stops each trial where a perfect pruner would have.
        failures: (status, reason, submission, workload, number of trials).
        missing: (submission, workload, what is missing).
        environments: (number of trials, facts as (name, text) pairs).
        more_environments: number of environments that are not listed.
        helped: (submission, number of trials) in which other threads, or children of the process, computed as well.
        targets: (workload, (version, target, how it was set, budget)), all in words.
    """

    statuses: tuple[str, ...]
    counts: tuple[tuple[str, tuple[int, ...]], ...]
    failures: tuple[tuple[str, str, str, str, int], ...]
    missing: tuple[tuple[str, str, str], ...]
    environments: tuple[tuple[int, tuple[tuple[str, str], ...]], ...]
    more_environments: int
    helped: tuple[tuple[str, int], ...]
    targets: tuple[tuple[str, tuple[str, ...]], ...] = ()


def race_integrity(content: RaceContent) -> Integrity:
    """Return the integrity section of a race."""
    return integrity(content, _missing(content.board))


def integrity(content: PageContent, missing: Sequence[tuple[str, str, str]]) -> Integrity:
    """Return the integrity section of a page; `missing` are (submission, workload, what is missing)."""
    trials = content.trials
    counts = Counter(zip(trials["submission"].astype(str), trials["status"].astype(str), strict=True))
    statuses = tuple(status for status in STATUSES if any(key[1] == status for key in counts))
    failed = trials[trials["status"].isin(LISTED_STATUSES)]
    failures = Counter(
        (str(r.status), one_line(r.reason, 200), str(r.submission), str(r.workload)) for r in failed.itertuples()
    )
    environments = _environments(trials)
    return Integrity(
        statuses=statuses,
        counts=tuple((name, tuple(counts[name, status] for status in statuses)) for name in content.names),
        failures=tuple((*key, count) for key, count in sorted(failures.items())[:MAX_LISTED]),
        missing=tuple(missing),
        environments=environments[:MAX_LISTED],
        more_environments=max(0, len(environments) - MAX_LISTED),
        helped=tuple(sorted(_helped(trials).items())),
        targets=tuple((str(label), _target(trial_with_facts(own))) for label, own in trials.groupby("workload", sort=True)),
    )


def _target(row: Any) -> tuple[str, ...]:
    """Return version, target, how it was set, and budget of the workload of the trial `row`."""
    description = dict(workload_description(row))
    return tuple(description.get(name, NO_VALUE) for name in ("version", "target", "how it was set", "budget"))


def _helped(trials: pd.DataFrame) -> Counter[str]:
    """Return per submission in how many trials other threads or processes computed than the one that trains."""
    counts: Counter[str] = Counter()
    if not {"clocks", "environment"} <= set(trials.columns):
        return counts
    for name, clocks, environment in zip(trials["submission"], trials["clocks"], trials["environment"], strict=True):
        seconds, process = float(clocks.get("seconds") or 0), float(clocks.get("process_seconds") or 0)
        charged = 0 < seconds == process  # as `harness.trial.clock` does where others have computed
        if environment.get("device") == "cpu" and (charged or process > HELP_RATIO * seconds + HELP_SECONDS):
            counts[str(name)] += 1
    return counts


def _missing(board: Board) -> list[tuple[str, str, str]]:
    gaps = []
    for row in board.rows:
        for label in workload_labels(board):
            cell = row.cells.get(label)
            if cell is None:
                gaps.append((row.name, label, "no trial"))
            elif cell.missing:
                gaps.append((row.name, label, f"{cell.missing} of {cell.missing + cell.studies} studies"))
    return gaps


def _environments(trials: pd.DataFrame) -> tuple[tuple[int, tuple[tuple[str, str], ...]], ...]:
    kinds: Counter[str] = Counter()
    facts: dict[str, tuple[tuple[str, str], ...]] = {}
    for environment in trials["environment"]:
        known = environment if isinstance(environment, Mapping) else {}
        key = canonical_json(known)
        kinds[key] += 1
        facts[key] = tuple((str(name), _text(value)) for name, value in sorted(known.items(), key=lambda item: str(item[0])))
    return tuple((kinds[key], facts[key]) for key in sorted(kinds, key=lambda key: (-kinds[key], key)))


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(item)}" for name, item in sorted(value.items(), key=lambda item: str(item[0])))
    return ", ".join(_text(item) for item in value) if isinstance(value, (list, tuple)) else visible(value)


def warnings(trials: pd.DataFrame, board: Board) -> list[str]:
    """Return the sentences in red at the head of the page that depend on the board's clock."""
    sentences = list(board.pruned_by.values())
    gaps = len(_missing(board))
    if gaps:
        sentences.append(f"{gaps} {'cell is' if gaps == 1 else 'cells are'} incomplete: see Integrity.")
    if board.clock == "seconds":
        for column, noun in (("machine", "machines"), ("concurrency", "levels of concurrency")):
            if trials[column].nunique() > 1:
                sentences.append(f"Seconds of {trials[column].nunique()} different {noun} are mixed on this board.")
    return sentences

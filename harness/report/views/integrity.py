"""What a reader needs to trust a board: what is missing, what failed and why, and on which machines it ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.records import STATUSES, canonical_json
from harness.report.views.panels import told, workload_facts
from harness.report.views.ranking import labels
from harness.report.words import NONE, one_line, visible
from harness.scoring.board_parts import Board

FAILURES = ("failed", "timeout", "out-of-memory", "killed")
MAX_LISTED = 40
HELP_SHARE, HELP_SECONDS = 1.1, 0.1
"""CPU of a trial's process over its training thread's, beyond which the trial is flagged (a worker's own threads spend
a little too)."""


@dataclass(frozen=True)
class Integrity:
    """What the integrity section shows.

    Attributes:
        statuses: the statuses that occur; `counts` has a row a submission: (name, count of each).
        counts: as recorded, before the board cuts records where a perfect pruner would have stopped.
        failures: (status, reason, submission, workload, how many).
        missing: (submission, workload, what is missing).
        environments: (how many trials, its facts as (name, text) pairs).
        more_environments: how many are not listed.
        helped: trials whose process and its children spent over a tenth more CPU than the training thread that the clock reads:
            submission and how many.
        targets: a row a workload: its label, and version, target, provenance and budget in words.
    """

    statuses: tuple[str, ...]
    counts: tuple[tuple[str, tuple[int, ...]], ...]
    failures: tuple[tuple[str, str, str, str, int], ...]
    missing: tuple[tuple[str, str, str], ...]
    environments: tuple[tuple[int, tuple[tuple[str, str], ...]], ...]
    more_environments: int
    helped: tuple[tuple[str, int], ...]
    targets: tuple[tuple[str, tuple[str, ...]], ...] = ()


def integrity(trials: pd.DataFrame, board: Board) -> Integrity:
    """Return the integrity section of `board`, made from `trials`."""
    return recorded(trials, [row.name for row in board.rows], _missing(board))


def recorded(trials: pd.DataFrame, names: Sequence[str], missing: Sequence[tuple[str, str, str]]) -> Integrity:
    """Return the integrity section of the submissions `names`, given what is missing of them."""
    found = Counter(zip(trials["submission"].astype(str), trials["status"].astype(str), strict=True))
    statuses = tuple(status for status in STATUSES if any(key[1] == status for key in found))
    broken = trials[trials["status"].isin(FAILURES)]
    failures = Counter(
        (str(r.status), one_line(r.reason, 200), str(r.submission), str(r.workload)) for r in broken.itertuples()
    )
    environments = _environments(trials)
    return Integrity(
        statuses=statuses,
        counts=tuple((name, tuple(found[name, status] for status in statuses)) for name in names),
        failures=tuple((*key, count) for key, count in sorted(failures.items())[:MAX_LISTED]),
        missing=tuple(missing),
        environments=environments[:MAX_LISTED],
        more_environments=max(0, len(environments) - MAX_LISTED),
        helped=tuple(sorted(_helped(trials).items())),
        targets=tuple((str(label), _target(told(own))) for label, own in trials.groupby("workload", sort=True)),
    )


def _target(row: Any) -> tuple[str, ...]:
    """Return version, target, how it was set, and budget of a workload, from one of its trials."""
    found = dict(workload_facts(row))
    return tuple(found.get(name, NONE) for name in ("version", "target", "how it was set", "budget"))


def _helped(trials: pd.DataFrame) -> Counter[str]:
    """Count, for each submission, the trials in which other threads or processes worked beside the one that is timed."""
    found: Counter[str] = Counter()
    if not {"clocks", "environment"} <= set(trials.columns):
        return found
    for name, clocks, environment in zip(trials["submission"], trials["clocks"], trials["environment"], strict=True):
        seconds, process = float(clocks.get("seconds") or 0), float(clocks.get("process_seconds") or 0)
        if environment.get("device") == "cpu" and process > HELP_SHARE * seconds + HELP_SECONDS:
            found[str(name)] += 1
    return found


def _missing(board: Board) -> list[tuple[str, str, str]]:
    gaps = []
    for row in board.rows:
        for label in labels(board):
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


def warnings(trials: pd.DataFrame, board: Board, progress: Mapping[str, int] | None) -> list[str]:
    """Return what must stand in red at the head of the page, one sentence each."""
    told = list(board.pruned_by.values())
    if progress and progress["done"] < progress["planned"]:
        told.append(f"Partial board: {progress['done']} of {progress['planned']} trials are done.")
    gaps = len(_missing(board))
    if gaps:
        told.append(f"{gaps} {'cell is' if gaps == 1 else 'cells are'} incomplete: see Integrity.")
    if board.clock == "seconds":
        for column, what in (("machine", "machines"), ("concurrency", "levels of concurrency")):
            if trials[column].nunique() > 1:
                told.append(f"Seconds of {trials[column].nunique()} different {what} are mixed on this board.")
    return told

"""Imported logs as trials that can be scored, and sentences on what is absent from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from harness.compat.algoperf_targets import V05, Targets


@dataclass(frozen=True)
class Logs:
    """Imported logs.

    Attributes:
        trials: one row per trial, as `harness.results.read_trials` returns them. The clock `examples` is unknown: NaN.
        workloads: all base workloads of the targets, including those that are not in the logs.
        notes: sentences on what could not be read or is odd, was left out, or is absent.
        version: version of AlgoPerf's targets.
        without: workloads that were left out on request.
        recognised: what says that the logs are of this version; "" if the caller does.
        oddities: those of the notes that are about single files and directories.
    """

    trials: pd.DataFrame
    workloads: tuple[str, ...]
    notes: tuple[str, ...]
    version: str = V05.version
    without: tuple[str, ...] = ()
    recognised: str = ""
    oddities: tuple[str, ...] = ()

    @property
    def suite(self) -> str:
        """The suite of these trials."""
        return suite_name(self.version, self.without)


def suite_name(version: str, without: Sequence[str] = ()) -> str:
    """Return the suite of imported trials.

    It names the version and what was left out, since two versions of AlgoPerf, or two sets of workloads, never share a board.

    >>> suite_name("0.6", ["finewebedu_lm"])
    'algoperf-0.6-without-finewebedu_lm'
    """
    return f"algoperf-{version}{''.join(f'-without-{label}' for label in without)}"


def gaps(trials: pd.DataFrame, targets: Targets) -> list[str]:
    """Return sentences on workloads that are absent from the logs and on unusual numbers of studies or trials."""
    here = set(trials["workload"])
    lines = []
    if absent := [label for label in targets.bases if label not in here]:
        lines.append(f"In the targets but absent from the logs, so scored as unsolved: {', '.join(absent)}.")
    if absent := [label for label in targets.held_out if label not in here]:
        lines.append(f"Held-out workloads absent from the logs, so they have no effect: {', '.join(absent)}.")
    names = sorted(set(trials["submission"]))
    for label in (label for label in targets.labels if label in here):
        lacking = sorted(set(names) - set(trials.loc[trials["workload"] == label, "submission"]))
        if lacking:
            lines.append(f"No logs of {label} by {', '.join(lacking)}: scored as unsolved.")
    studies = trials.groupby(["submission", "workload"], sort=True)["study"].nunique()
    lines += _unusual_counts(studies, "studies")
    return lines + _unusual_counts(trials.groupby(["submission", "workload", "study"], sort=True).size(), "trials per study")


def _unusual_counts(counts: pd.Series[int], what: str) -> list[str]:
    """Return a sentence for each count that differs from the most frequent one."""
    usual = int(counts.mode().iloc[-1])
    lines = []
    for count, unusual in counts[counts != usual].groupby(counts):
        cells = sorted({f"{key[0]} on {key[1]}" for key in unusual.index})
        names = f"{', '.join(cells[:3])} and {len(cells) - 3} more" if len(cells) > 4 else ", ".join(cells)
        lines.append(f"The usual number of {what} is {usual}; it is {count} for {names}.")
    return lines

"""Recognises the version of AlgoPerf that logs belong to: from their path, workloads, budgets or clocks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.compat.algoperf_targets import VERSIONS, Targets
from harness.compat.log_curve import Goal, read_curve
from harness.compat.log_tree import LogFile
from harness.contracts.errors import BadInput

META_DATA = "meta_data_0.json"
BUDGET = "workload.max_allowed_runtime_sec"
"""The file beside a log in which AlgoPerf states the budget of the workload, and the entry's name."""

META_DATA_BYTES = 1 << 20
OVER_BUDGET = 1.02
"""A log that goes on for longer than this times the budget of a version is not of that version (official ones: 1.005)."""


ASSUMED = "0.5"
"""The version of logs that say nothing of theirs: that of nearly all published logs."""


def recognised(directory: Path, logs: Sequence[LogFile], track: str) -> tuple[Targets, str]:
    """Return the targets of the version that logs belong to, and what says so.

    Raises:
        BadInput: the logs contradict each other.
    """
    for evidence in (_by_path(directory), _by_workloads(logs), _by_budgets(logs), _by_clocks(logs, track)):
        versions = dict(evidence)
        if len(versions) == 1:
            version, source = versions.popitem()
            return VERSIONS[version], source
        if versions:
            options = " or ".join(f"--benchmark-version {version}" for version in VERSIONS)
            found = ", ".join(f"{version} ({source})" for version, source in versions.items())
            raise BadInput(f"'{directory}' is of several versions of AlgoPerf, {found}: add {options}, or --targets FILE")
    others = " or ".join(f"--benchmark-version {version}" for version in VERSIONS if version != ASSUMED)
    return VERSIONS[ASSUMED], f"assumed, because nothing in '{directory}' says so: else add {others}, or --targets FILE"


def _by_path(directory: Path) -> Iterator[tuple[str, str]]:
    """Yield the version that the innermost directory names which names one, such as ``algoperf_v06``."""
    for part in reversed(directory.resolve().parts):
        match = re.search(r"(?:algoperf[-_ ]?v?|(?<![a-z0-9])v)(0)[._]?([0-9])(?![0-9])", part.lower())
        if match and ".".join(match.groups()) in VERSIONS:
            yield ".".join(match.groups()), f"from the name of directory '{part}'"
            return


def _by_workloads(logs: Sequence[LogFile]) -> Iterator[tuple[str, str]]:
    """Yield the versions that alone have one of the workloads."""
    for label in sorted({log.label for log in logs}):
        having = [version for version, targets in VERSIONS.items() if label in targets.labels]
        if len(having) == 1:
            yield having[0], f"from its workload {label}"


def _by_budgets(logs: Sequence[LogFile]) -> Iterator[tuple[str, str]]:
    """Yield the versions of which the budgets are that AlgoPerf states beside the logs; one log per workload is looked at."""
    for label, log in {log.label: log for log in logs if log.file is not None}.items():
        budget = _stated_budget(log)
        having = [version for version, targets in VERSIONS.items() if targets.seconds.get(targets.base_of(label)) == budget]
        if len(having) == 1:
            yield having[0], f"from the budgets in {META_DATA}"


def _stated_budget(log: LogFile) -> float | None:
    if log.file is None:
        return None
    path = log.file.parent / META_DATA
    try:
        if not path.is_file() or path.stat().st_size > META_DATA_BYTES:
            return None
        value = json.loads(path.read_text(encoding="utf-8"))[BUDGET]
        return float(value)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _by_clocks(logs: Sequence[LogFile], track: str) -> Iterator[tuple[str, str]]:
    """Yield the only version whose budgets no log exceeds."""
    possible = dict(VERSIONS)
    for log in logs:
        targets = [version for version in possible.values() if log.label in version.goals]
        if log.file is None or not targets:
            continue
        metric, target = targets[0].goals[log.label]
        goal = Goal(metric, target, targets[0].lower_is_better(log.label))
        longest = read_curve(log.file, "", goal).longest
        for version in targets:
            if longest > OVER_BUDGET * version.budget(log.label, track):
                possible.pop(version.version)
        if len(possible) == 1:
            yield next(iter(possible)), "from clocks that exceed the budgets of others"
        if len(possible) < 2:
            return

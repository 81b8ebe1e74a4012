"""What a worker does with one trial, whichever executor it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from harness.contracts import Workload
from harness.execution.environment import describe
from harness.pruning import Signal
from harness.records import TrialRecord, TrialSpec
from harness.registry import Submission, find_submission, find_workload, workload_hash
from harness.trial.loop import run_trial, submission_facts, workload_facts
from harness.trial.time_limit import TrialTimeout, time_limit


@lru_cache(maxsize=64)
def _workload(
    name: str, size: str, variant: str, track: str, directory: str, planned: str
) -> tuple[Workload, Mapping[str, Any], str]:
    """Return a workload, its data and its content hash: loaded once a worker and version, never on the clock."""
    workload = find_workload(name, size, variant)
    return workload, workload.load(Path(directory)), workload_hash(workload, track)


@lru_cache(maxsize=64)
def _submission(name: str, planned: str) -> Submission:
    return find_submission(name)


def work(
    spec: TrialSpec,
    *,
    data_directory: Path,
    device: str,
    concurrency: int,
    best_so_far: Signal,
    complete: bool,
    stop_hopeless: bool,
    limit: float | None,
    end_process: bool,
) -> TrialRecord:
    """Run one trial here and return its record; one thread on a CPU.

    Args:
        spec: what to run.
        data_directory: where prepared data lie.
        device: where to train.
        concurrency: how many trials share this machine, for the record.
        best_so_far: the side channel of the study.
        complete: run past the target and past being beaten.
        stop_hopeless: stop where a forecast says that the target is out of reach.
        limit: wall seconds, or None.
        end_process: whether a trial that cannot be interrupted may end this process (a worker's, not the user's).
    """
    if device == "cpu":
        torch.set_num_threads(1)
    environment = describe(device, concurrency)
    where = (spec.workload, spec.size, spec.variant, spec.track, str(data_directory), spec.workload_hash)
    workload, data, found = _workload(*where)
    submission = _submission(spec.source or spec.submission, spec.submission_hash)
    for what, expected, actual in (
        ("workload", spec.workload_hash, found),
        ("submission", spec.submission_hash, submission.content_hash),
    ):
        if expected != actual:
            reason = f"the {what}'s source here is not the one that was planned; run the command again"
            return ended(spec, workload, submission, "killed", reason, environment)
    try:
        with time_limit(limit, end_process=end_process):
            return run_trial(
                spec,
                workload,
                submission,
                data,
                device=device,
                best_so_far=best_so_far,
                complete=complete,
                stop_hopeless=stop_hopeless,
                environment=environment,
            )
    except TrialTimeout as error:
        return ended(spec, workload, submission, "timeout", str(error), environment)


def ended(
    spec: TrialSpec,
    workload: Workload,
    submission: Submission,
    status: str,
    reason: str,
    environment: Mapping[str, Any] | None = None,
) -> TrialRecord:
    """Return the record of a trial that has nothing to tell but how it ended."""
    facts = {"workload": workload_facts(workload), "submission": submission_facts(submission, spec)}
    return TrialRecord(spec, status, reason, facts=facts, environment=dict(environment or {}))

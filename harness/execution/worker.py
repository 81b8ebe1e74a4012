"""What a worker does with one trial, whichever executor it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import torch

from harness.contracts.workloads import Workload
from harness.execution.environment import describe
from harness.execution.settings import Settings
from harness.pruning import StopChannel
from harness.records import Status, TrialRecord, TrialResult, TrialSpec
from harness.registry import Submission, find_submission, find_workload, hash_for_track
from harness.rules import RULESETS
from harness.trial.facts import submission_facts, workload_facts
from harness.trial.loop import TrialSettings, run_trial
from harness.trial.process.failures import explain, is_from_outside, status_of
from harness.trial.process.limits import Limits


class Worked(NamedTuple):
    """What a worker has done with one trial.

    Attributes:
        result: record and artefacts of the trial.
        replace: in words, why this process must not run another trial; "" if it may.
    """

    result: TrialResult
    replace: str = ""


@lru_cache(maxsize=64)
def _workload(
    name: str, size: str, variant: str, track: str, reference_recipe: bool, directory: str, planned: str
) -> tuple[Workload, Mapping[str, Any], str]:
    """Return a workload, its data and its content hash: loaded once per worker and version, never on a trial's clock."""
    workload = find_workload(name, size, variant)
    content_hash = hash_for_track(workload, RULESETS[track], reference_recipe=reference_recipe)
    return workload, workload.load(Path(directory)), content_hash


@lru_cache(maxsize=64)
def _submission(name: str, planned: str) -> Submission:
    return find_submission(name)


def work(
    spec: TrialSpec,
    settings: Settings,
    stop_channel: StopChannel,
    *,
    concurrency: int = 1,
    own_process: bool = False,
    begun: Callable[[], None] = lambda: None,
) -> Worked:
    """Run one trial in this process, on one thread where it trains on the CPU.

    Args:
        spec: what to run.
        settings: of the run.
        stop_channel: returns what stops the trials of its study.
        concurrency: how many trials share this machine, for the record.
        own_process: whether this process is a worker's own, so that a limit may end it where nothing else helps; false in
            the user's process.
        begun: called when the trial's time begins to count: the data are loaded, nothing of the submission is.
    """
    import_module("torch._dynamo")  # torch loads it with the first optimizer, and that would be in a trial's set-up
    if settings.device == "cpu":
        torch.set_num_threads(1)
    environment = describe(settings.device, concurrency)
    workload, data, workload_hash_here = _workload(
        *(spec.workload, spec.size, spec.variant, spec.track, spec.reference_recipe),
        *(str(settings.data_directory), spec.workload_hash),
    )
    begun()
    submission = _submission(spec.source or spec.submission, spec.submission_hash)
    for what, expected, actual in (
        ("workload", spec.workload_hash, workload_hash_here),
        ("submission", spec.submission_hash, submission.content_hash),
    ):
        if expected != actual:
            reason = f"the {what}'s source here is not the one that was planned; run the command again"
            return Worked(TrialResult(ended(spec, workload, submission, Status.KILLED, reason, environment)))
    limits = Limits(settings.limit, settings.memory, own_process=own_process)
    how = TrialSettings(settings.device, stop_channel, settings.run_to_end, environment, limits.applied)
    try:
        result = run_trial(spec, workload, submission, data, how)
    except BaseException as error:  # the limit was hit a moment after the trial, while its result was put together
        if is_from_outside(error):
            raise
        result = TrialResult(ended(spec, workload, submission, status_of(error), explain(error), environment))
    ran_out = Status.OUT_OF_MEMORY in (result.record.status, result.record.ended_as)
    return Worked(result, limits.hit or ("its memory limit was hit" if ran_out else ""))


def ended(
    spec: TrialSpec,
    workload: Workload,
    submission: Submission,
    status: Status,
    reason: str,
    environment: Mapping[str, Any] | None = None,
) -> TrialRecord:
    """Return the record of a trial that left nothing but how it ended."""
    facts = {"workload": workload_facts(workload), "submission": submission_facts(submission, spec)}
    return TrialRecord(spec, status, reason, facts=facts, environment=dict(environment or {}))

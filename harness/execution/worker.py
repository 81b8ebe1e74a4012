"""What a worker does with one trial, whichever executor it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch

from harness.contracts.errors import BadInput, ContractError
from harness.contracts.workloads import Workload
from harness.execution.environment import describe
from harness.execution.settings import Settings
from harness.pruning import StopChannel
from harness.records import FAILURES, LOSSES, Artefact, Status, TrialRecord, TrialResult, TrialSpec
from harness.registry import Submission, find_submission, find_workload, hash_for_track
from harness.rules import RULESETS
from harness.trial.arranged import arrange_process
from harness.trial.facts import submission_facts, workload_facts
from harness.trial.loop import TrialSettings, run_trial
from harness.trial.outcome import TRACEBACK
from harness.trial.process.allocator import keep_freed_memory
from harness.trial.process.compilation import prepare_compilation
from harness.trial.process.failures import explain, full_traceback, status_of
from harness.trial.process.guard import DATA, Aftermath, guarded
from harness.trial.process.interrupts import is_from_outside
from harness.trial.process.limits import Limits

OUTPUT = "output.txt"
"""Name of the artefact that holds what a plug-in printed during its trial."""


class Worked(NamedTuple):
    """What a worker has done with one trial.

    Attributes:
        result: record and artefacts of the trial.
        replace: in words, why this process must not run another trial; "" if it may.
    """

    result: TrialResult
    replace: str = ""


class LoadedWorkload(NamedTuple):
    """A workload, its data, and its content hash on this machine."""

    workload: Workload
    data: Mapping[str, Any]
    content_hash: str


@lru_cache(maxsize=64)
def _workload(
    name: str, size: str, variant: str, track: str, reference_recipe: bool, directory: str, planned: str
) -> LoadedWorkload:
    """Return a workload, its data and its content hash: loaded once per worker and version, never on a trial's clock."""
    workload = find_workload(name, size, variant)
    content_hash = hash_for_track(workload, RULESETS[track], reference_recipe=reference_recipe)
    return LoadedWorkload(workload, workload.load(Path(directory)), content_hash)


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
    prepare_compilation()
    if settings.device == "cpu":
        torch.set_num_threads(1)
        keep_freed_memory()
    else:
        arrange_process(torch.device(settings.device))
        torch.empty(1, device=settings.device)  # what the device's driver maps is no memory of a trial's
    environment = describe(settings.device, concurrency)
    if settings.per_device > 1:  # under another name, so that no board mixes these seconds with those of a device of one's own
        environment["per_device"] = settings.per_device
        environment["machine"] += f", shared by {settings.per_device} trials"
    loaded = _workload(
        *(spec.workload, spec.size, spec.variant, spec.track, spec.reference_recipe),
        *(str(settings.data_directory), spec.workload_hash),
    )
    begun()
    limits = Limits(settings.limit, settings.memory, own_process=own_process)
    device, to_end, losses = settings.device, settings.run_to_end, settings.log_losses
    how = TrialSettings(device, stop_channel, to_end, environment, limits.applied, log_losses=losses)
    aftermath = Aftermath()
    try:
        with guarded(aftermath, torch.device(settings.device), loaded.data, own_process=own_process):
            result = _load_and_run(spec, loaded, how)
    except BaseException as error:  # not in the loop of the trial, which catches its own
        if is_from_outside(error):
            raise
        result = _not_run(spec, loaded.workload, error, environment)
    if DATA in aftermath.replaced:
        _workload.cache_clear()
    return _concluded(result, aftermath, limits.hit)


def _load_and_run(spec: TrialSpec, loaded: LoadedWorkload, how: TrialSettings) -> TrialResult:
    """Load the submission and run the trial, if it is on this machine and both sources are those that were planned."""
    try:
        with how.limits():
            submission = _submission(spec.source or spec.submission, spec.submission_hash)
    except ContractError:
        raise
    except BadInput as error:  # only here: a plug-in may raise one later, and would be passed over where it is unlucky
        if error.__cause__ is not None:  # its import failed
            raise
        return TrialResult(ended(spec, loaded.workload, None, Status.KILLED, explain(error), how.environment))
    for what, expected, actual in (
        ("workload", spec.workload_hash, loaded.content_hash),
        ("submission", spec.submission_hash, submission.content_hash),
    ):
        if expected != actual:
            reason = f"the {what}'s source here is not the one that was planned; run the command again"
            return TrialResult(ended(spec, loaded.workload, submission, Status.KILLED, reason, how.environment))
    return run_trial(spec, loaded.workload, submission, loaded.data, how)


def _not_run(spec: TrialSpec, workload: Workload, error: BaseException, environment: Mapping[str, Any]) -> TrialResult:
    """Return the result of a trial whose submission could not be loaded, or whose process it broke."""
    record = ended(spec, workload, None, status_of(error), explain(error), environment)
    return TrialResult(record, (Artefact(TRACEBACK, full_traceback(error)),))


def writable(result: TrialResult) -> TrialResult:
    """Return a trial's result, or that of `unwritable` where a plug-in has put into its record what is no JSON."""
    try:
        result.record.to_json()
    except (Exception, SystemExit) as error:  # noqa: BLE001  it may call what a plug-in has defined
        return unwritable(result.record.spec, error)
    return result


def unwritable(spec: TrialSpec, error: BaseException) -> TrialResult:
    """Return the result of a trial whose record cannot be written as JSON: a failed one that holds nothing of it."""
    return TrialResult(TrialRecord(spec, Status.FAILED, f"its record cannot be written: {explain(error)}"))


def _concluded(result: TrialResult, aftermath: Aftermath, limit_hit: str) -> Worked:
    """Return what becomes of a trial's result in view of what the trial has left in its process."""
    record, artefacts = result
    if aftermath.changed:
        reason = f"{aftermath.changed}, and what it measured cannot be trusted"
        record = replace(record, status=Status.FAILED, reason=reason, complete=False, evaluations=(), beater=None, ended_as="")
    if output := aftermath.output.content():
        artefacts = (*artefacts, Artefact(OUTPUT, output))
    telling = [artefact.name for artefact in artefacts if artefact.name != LOSSES]
    if telling and {record.status, record.ended_as} & set(FAILURES):
        record = replace(record, reason=f"{record.reason}; see {' and '.join(telling)}")
    if not limit_hit and Status.OUT_OF_MEMORY in (record.status, record.ended_as):
        limit_hit = "its memory limit was hit"
    return Worked(TrialResult(record, artefacts), "; ".join(filter(None, (limit_hit, aftermath.changed, *aftermath.lost))))


def ended(
    spec: TrialSpec,
    workload: Workload,
    submission: Submission | None,
    status: Status,
    reason: str,
    environment: Mapping[str, Any] | None = None,
) -> TrialRecord:
    """Return the record of a trial that left nothing but how it ended; `submission` is None where it cannot be loaded."""
    own = {"name": spec.submission} if submission is None else submission_facts(submission, spec)
    facts = {"workload": workload_facts(workload), "submission": own}
    return TrialRecord(spec, status, reason, facts=facts, environment=dict(environment or {}))

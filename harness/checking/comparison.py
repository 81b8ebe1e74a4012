"""One record against the same trial run again: to the last bit on one machine type, within tolerance elsewhere.

On an accelerator a record whose bits differ is compared within tolerance too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from harness.checking.differences import (
    end_differences,
    ended,
    evaluation_differences,
    fact_differences,
    trace_differences,
)
from harness.checking.findings import Finding, Verdict
from harness.checking.tolerance import within_tolerance
from harness.records import Status, TrialRecord

SECONDS_FACTOR = 3.0
"""On one machine type, seconds that differ by more than this factor are noted: other load alone can do that."""


def compared(recorded: TrialRecord, found: TrialRecord) -> Finding:
    """Return what a trial that was run again, as `repeat_of` its record says, tells about the record."""
    found = TrialRecord.from_json(found.to_json())  # what is not finite is null in every record that is read
    if found.status == Status.KILLED:
        return Finding(recorded.spec, Verdict.NOT_COMPARED, found.reason)
    difference = next(fact_differences(recorded, found), "")
    if difference:
        return Finding(recorded.spec, Verdict.DIFFERS, difference)
    if not same_machine_type(recorded, found):
        return within_tolerance(recorded, found)
    difference = next(_bit_differences(recorded, found), "")
    if difference and recorded.environment.get("device", "cpu") != "cpu":  # some gradients have no deterministic algorithm
        return within_tolerance(recorded, found, "on an accelerator")
    finding = Finding(recorded.spec, Verdict.DIFFERS, difference)
    if not difference:
        finding = _limited(recorded, found) or Finding(recorded.spec, Verdict.HOLDS, _held(recorded, found))
    return replace(finding, exact=True, notes=tuple(_seconds(recorded, found)))


def same_machine_type(recorded: TrialRecord, found: TrialRecord) -> bool:
    """Return whether two trials ran on one machine type, where the outcomes on a CPU are equal to the last bit."""
    return str(recorded.environment.get("machine_type", "")) == str(found.environment.get("machine_type", "")) != ""


def _bit_differences(recorded: TrialRecord, found: TrialRecord) -> Iterator[str]:
    """Yield all differences; where a time limit ended one of the two, of what both have."""
    yield from evaluation_differences(recorded, found)
    if Status.TIMEOUT not in (recorded.status, found.status) or recorded.status == found.status:
        yield from chain(end_differences(recorded, found), trace_differences(recorded, found))


def _limited(recorded: TrialRecord, found: TrialRecord) -> Finding | None:
    """Return the finding where a time limit ended one of the two: how far a trial gets is then a matter of seconds."""
    if recorded.status == found.status or Status.TIMEOUT not in (recorded.status, found.status):
        return None
    both = f"{ended(recorded)} recorded, {ended(found)} found"
    return Finding(recorded.spec, Verdict.NOT_COMPARED, f"{both}: what a time limit ends is a matter of seconds")


def _held(recorded: TrialRecord, found: TrialRecord) -> str:
    number = min(len(recorded.evaluations), len(found.evaluations))
    count = f", {number} evaluation{'' if number == 1 else 's'} to the last bit" if number else ""
    return f"{ended(recorded)} again{count}"


def _seconds(recorded: TrialRecord, found: TrialRecord) -> Iterator[str]:
    """Yield how far the training seconds are apart, where that is far and both trials went equally far."""
    own, here = recorded.clocks.get("seconds", 0.0), found.clocks.get("seconds", 0.0)
    if recorded.status == found.status and min(own, here) > 0 and not 1 / SECONDS_FACTOR <= own / here <= SECONDS_FACTOR:
        yield f"{own:.3g} s recorded, {here:.3g} s here"

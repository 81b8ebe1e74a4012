"""Where a record and the repetition of its trial differ, as sentences, in the order in which a trial goes on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from harness.records import Status, TrialRecord, fact_of

JUDGED_BY = ("metric", "lower_is_better", "batch_size", "budget", "target", "ruler")
"""Facts of the workload that scoring reads off records; texts for readers may change without a trial's id."""


def fact_differences(recorded: TrialRecord, found: TrialRecord) -> Iterator[str]:
    """Yield where the facts by which boards judge a trial differ."""
    for name in JUDGED_BY:
        own, here = (fact_of(record.facts, "workload", name) for record in (recorded, found))
        if own != here:
            values = "" if isinstance(own, dict) or isinstance(here, dict) else f": {apart(own, here)}"
            yield f"the record's {name.replace('_', ' ')} is not the workload's{values}"


def evaluation_differences(recorded: TrialRecord, found: TrialRecord, *, only: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield where evaluations that both have differ, seconds apart; `only` names what is compared instead of everything."""
    for number, (own, here) in enumerate(zip(recorded.evaluations, found.evaluations, strict=False), 1):
        for name in only or dict.fromkeys((*own, *here)):
            if name != "seconds" and own.get(name) != here.get(name):
                yield f"evaluation {number}: {name} {apart(own.get(name), here.get(name))}"


def end_differences(recorded: TrialRecord, found: TrialRecord) -> Iterator[str]:
    """Yield where it differs how a trial ended: its status, its failure, its evaluations in number, what it was charged."""
    if ended(recorded) != ended(found):
        yield f"{ended(recorded)} recorded ({recorded.reason}), {ended(found)} found ({found.reason})"
    elif recorded.status == Status.FAILED and _kind(recorded) != _kind(found):
        yield f"another failure: {recorded.reason} recorded, {found.reason} found"
    if recorded.status in (Status.TIMEOUT, Status.OUT_OF_MEMORY):
        return  # how far it got is the machine's doing
    counts = len(recorded.evaluations), len(found.evaluations)
    if counts[0] != counts[1]:
        yield f"{counts[0]} evaluations recorded, {counts[1]} found"
    if recorded.complete != found.complete:
        yield f"the record says that the trial ran to its end: {recorded.complete}; found: {found.complete}"
    for name in ("examples", "steps"):
        own, here = recorded.clocks.get(name), found.clocks.get(name)
        if own != here:
            yield f"{name} at the end: {apart(own, here)}"


def trace_differences(recorded: TrialRecord, found: TrialRecord, *, tolerance: float = 0.0) -> Iterator[str]:
    """Yield where the traces of learning rates differ by more than `tolerance`, relative to the larger rate."""
    for own, here in zip_longest(recorded.learning_rates, found.learning_rates):
        if own is None or here is None:
            if not {recorded.status, recorded.ended_as} & {Status.TIMEOUT, Status.OUT_OF_MEMORY}:
                yield f"{len(recorded.learning_rates)} learning rates recorded, {len(found.learning_rates)} found"
            return
        if own[:2] != here[:2]:
            yield f"the trace of learning rates: a point at step {apart(own[0], here[0])}"
        elif abs(own[2] - here[2]) > tolerance * max(abs(own[2]), abs(here[2])):
            yield f"learning rate at step {own[0]:g}: {apart(own[2], here[2])}"


def ended(record: TrialRecord) -> str:
    """Return how a trial ended, in one word, or in two if it had reached its target before."""
    return f"{record.status}, then {record.ended_as}" if record.ended_as else str(record.status)


def apart(recorded: Any, found: Any) -> str:
    """Return two values with as few digits as tell them apart.

    >>> apart(0.912345, 0.908), apart(None, 2), apart(1.0, 1.0 + 2**-52)
    ('0.912 recorded, 0.908 found', 'none recorded, 2 found', '1 recorded, 1.0000000000000002 found')
    """
    texts = [_text(value, 3) for value in (recorded, found)]
    for digits in range(4, 18):
        if texts[0] != texts[1]:
            break
        texts = [_text(value, digits) for value in (recorded, found)]
    return f"{texts[0]} recorded, {texts[1]} found"


def _text(value: Any, digits: int) -> str:
    if value is None:
        return "none"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _kind(record: TrialRecord) -> str:
    """Return the type of the exception that a reason begins with; another reason as a whole."""
    reason = record.reason.partition("; see ")[0]  # the names of artefacts
    head, colon, _ = reason.partition(":")
    return head if colon and head.isidentifier() else reason

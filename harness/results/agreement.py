"""Leaves out records that contradict the others about their workload, so that one record cannot take the board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from harness.records import TrialRecord, fact_of
from harness.results.store import ResultStore
from harness.rules import Reading, ruleset

RULER = "ruler"
"""The fact that only tracks which read compute saved cover."""

HASHED = ("metric", "lower_is_better", "family", "batch_size", RULER)
"""Facts of a workload that its content hash covers (the ruler, where the track reads it): records of one hash share them."""


def agreeing(records: Iterable[TrialRecord], store: ResultStore) -> list[TrialRecord]:
    """Return the records that say of their workload what most records with the same content hash of it say.

    The others are added to the damaged files of `store`. Of two values that equally many records state, the first counts.
    """
    records = list(records)
    different: dict[str, str] = {}
    for fact in HASHED:
        groups: dict[tuple[str, str], list[tuple[Any, list[TrialRecord]]]] = defaultdict(list)
        for record in records:
            value = fact_of(record.facts, "workload", fact)
            covered = {RULER: Reading.COMPUTE_SAVED in ruleset(record.spec.track).reads}.get(fact, True)
            if value is not None and covered:
                _add(groups[record.spec.workload_label, record.spec.workload_hash], value, record)
        for stated in groups.values():
            stated.remove(max(stated, key=lambda group: len(group[1])))
            different |= {record.spec.id: fact for _, others in stated for record in others}
    for record in records:
        if fact := different.get(record.spec.id, ""):
            path = store.file_of(record.spec)
            key = path if path.suffix == ".json" else path.with_name(f"{path.name}#{record.spec.id}")
            store.damaged[key] = (
                f"it states another {fact} of {record.spec.workload_label} than most records of the same version"
            )
    return [record for record in records if record.spec.id not in different]


def _add(stated: list[tuple[Any, list[TrialRecord]]], value: Any, record: TrialRecord) -> None:
    """Add a record to those that state the same value."""
    for known, own in stated:
        if known is value or known == value:
            own.append(record)
            return
    stated.append((value, [record]))

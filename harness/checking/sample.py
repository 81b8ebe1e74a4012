"""Which records an audit runs again: a seeded choice, spread evenly over submissions and workloads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.canonical import stable_hash
from harness.records import TrialRecord


def sampled(records: Iterable[TrialRecord], count: int | None, seed: int) -> list[TrialRecord]:
    """Return `count` of these records, or all of them where `count` is None, sorted by submission and workload.

    The submissions are drawn from as evenly as possible, and so are the workloads; among equals a hash of seed and trial
    decides, so that the choice depends on nothing but seed and records.
    """
    waiting = sorted(records, key=lambda record: stable_hash(seed, record.spec.id))
    if count is None or count >= len(waiting):
        return sorted(waiting, key=_place)
    submissions: Counter[str] = Counter()
    workloads: Counter[str] = Counter()
    chosen: list[TrialRecord] = []
    while len(chosen) < count:
        record = min(waiting, key=lambda r: (submissions[r.spec.submission], workloads[r.spec.workload_label]))
        waiting.remove(record)
        chosen.append(record)
        submissions[record.spec.submission] += 1
        workloads[record.spec.workload_label] += 1
    return sorted(chosen, key=_place)


def _place(record: TrialRecord) -> tuple[str, str, int, int, str]:
    spec = record.spec
    return spec.submission, spec.workload_label, spec.study, spec.trial, spec.id

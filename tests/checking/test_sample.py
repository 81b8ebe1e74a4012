"""Which records are run again: as evenly over submissions and workloads as their numbers allow, the same for the same seed."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.checking.sample import sampled
from harness.records import Status, TrialRecord
from tests.toy import spec


def records(submissions: int, workloads: int, studies: int = 3) -> list[TrialRecord]:
    return [
        TrialRecord(replace(spec(), submission=f"s{s}", workload=f"w{w}", study=j), Status.MISSED, "")
        for s in range(submissions)
        for w in range(workloads)
        for j in range(studies)
    ]


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 20), st.integers(0, 99))
def test_a_sample_is_even_and_depends_on_nothing_but_seed_and_records(submissions, workloads, count, seed):
    everything = records(submissions, workloads)
    chosen = sampled(everything, count, seed)
    assert chosen == sampled(everything[::-1], count, seed)
    assert len({r.spec.id for r in chosen}) == min(count, len(everything))
    if count < len(everything):
        by_submission = Counter({f"s{s}": 0 for s in range(submissions)}) + Counter(r.spec.submission for r in chosen)
        assert max(by_submission.values()) - min(by_submission.values()) <= 1


def test_as_many_records_as_workloads_cover_all_submissions_and_workloads():
    chosen = sampled(records(10, 12), 12, 0)
    assert len({r.spec.submission for r in chosen}) == 10 and len({r.spec.workload for r in chosen}) == 12


def test_another_seed_chooses_other_records():
    everything = records(3, 4)
    assert sampled(everything, 5, 0) != sampled(everything, 5, 1)


def test_all_are_all():
    everything = records(2, 3)
    assert len(sampled(everything, None, 7)) == len(everything)

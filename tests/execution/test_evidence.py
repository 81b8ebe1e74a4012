"""Which records of held-out variants may be reused: a run and its `--dry-run` ask the same function."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.execution.evidence import Bases, by_submission_and_workload, reusable
from harness.execution.settings import Settings
from harness.execution.worker import ended
from harness.plan import Request, make_plan
from harness.records import Status
from workloads.data import data_directory

SETTINGS = Settings("inline", data_directory())
PLAN = make_plan(
    Request(suite="smoke", track="self-tuning", submissions=("adamw+cosine",), workloads=("digits_mlp",), held_out=True)
)
BASE = [spec for spec in PLAN.trials if not spec.variant]
VARIANTS = [spec for spec in PLAN.trials if spec.variant]


def records(base: list[Status]):
    """Return what a run leaves whose trials of the base ended so; those of the variants are skipped."""
    ends = {spec.id: status for spec, status in zip(BASE, base, strict=True)}
    ends |= {spec.id: Status.SKIPPED for spec in VARIANTS}
    submission = PLAN.submissions["adamw+cosine"]
    found = [ended(s, PLAN.workloads[s.workload_label], submission, ends[s.id], "as told") for s in PLAN.trials if s.id in ends]
    return [replace(record, complete=record.status == Status.REACHED) for record in found]


def test_there_is_more_than_one_study_and_more_than_one_variant_trial():
    assert len(BASE) == 3 and len(VARIANTS) >= 3


def test_skipped_trials_of_variants_stand_where_the_base_was_missed_in_every_study():
    kept = reusable(records([Status.MISSED, Status.DIVERGED, Status.MISSED]), PLAN, SETTINGS)
    assert set(kept) == {spec.id for spec in PLAN.trials}
    assert set(reusable(reversed(list(kept.values())), PLAN, SETTINGS)) == set(kept)  # in any order of reading


@pytest.mark.parametrize("other", [Status.REACHED, Status.KILLED])
def test_they_run_where_the_base_was_reached_or_a_trial_of_it_has_no_lasting_record(other):
    kept = reusable(records([Status.MISSED, other, Status.MISSED]), PLAN, SETTINGS)
    assert not set(kept) & {spec.id for spec in VARIANTS}
    assert len(kept) == len(BASE) - (other == Status.KILLED)


def test_a_base_that_is_not_recorded_in_every_study_is_not_missed():
    bases = Bases(PLAN)
    found = [record for record in records([Status.MISSED] * 3) if not record.spec.variant]
    assert bases.missed(VARIANTS[0], by_submission_and_workload(found))
    assert not bases.missed(VARIANTS[0], by_submission_and_workload(found[:2]))
    assert not bases.missed(VARIANTS[0], {})

"""Facts about a workload and a submission that a record keeps, so that a board can be made without loading either."""

from __future__ import annotations

from typing import Any

from harness.contracts.workloads import RULER_FIELDS, Workload
from harness.records import TrialSpec
from harness.registry import Submission

MAX_CODE = 20_000
"""Characters of a submission's source that a record keeps; the content hash covers all of it."""


def submission_facts(submission: Submission, spec: TrialSpec) -> dict[str, Any]:
    """Return what a board shows of a submission: its declared facts, and the source text of its own file."""
    own = [path for path in submission.files if path == submission.path]
    code = own[0].read_text(encoding="utf-8", errors="replace")[:MAX_CODE] if own and own[0].is_file() else ""
    return {**submission.facts, "name": spec.submission, "code": code}


def workload_facts(workload: Workload) -> dict[str, Any]:
    """Return what a board shows of a workload."""
    return {
        "name": workload.name,
        "label": workload.label,
        "variant": workload.variant,
        "version": workload.version,
        "summary": workload.summary,
        "algoperf": workload.algoperf,
        "metric": workload.metric,
        "lower_is_better": workload.lower_is_better,
        "family": workload.data.family,
        "source": workload.data.source,
        "licence": workload.data.licence,
        "citation": workload.data.citation,
        "batch_size": workload.size.batch_size,
        "budget": workload.size.budget,
        "target": workload.size.target,
        "target_provenance": workload.size.target_provenance,
        "trivial_metric": workload.trivial_metric(),
        "ruler": {name: ruler[name] for name in RULER_FIELDS if name in ruler} if (ruler := workload.ruler) else None,
    }

"""Finds plug-ins by name: in the built-in folders, ./submissions, a .py file, installed entry points and libraries.

A plug-in's module is imported when it is listed or looked up; torch is imported only for a library's class.
"""

from harness.registry.forms import BESIDE
from harness.registry.names import canonical_name, parse_name
from harness.registry.settings import with_settings
from harness.registry.sources import OURS as BUILT_IN
from harness.registry.sources import ROOT, library_versions
from harness.registry.submissions import Submission, all_submissions, find_optimizer, find_schedule, find_submission
from harness.registry.workloads import (
    all_workloads,
    broken_workloads,
    find_workload,
    hash_for_track,
    suites,
    workload_files,
    workload_hash,
)

__all__ = [
    "BESIDE",
    "BUILT_IN",
    "ROOT",
    "Submission",
    "all_submissions",
    "all_workloads",
    "broken_workloads",
    "canonical_name",
    "find_optimizer",
    "find_schedule",
    "find_submission",
    "find_workload",
    "hash_for_track",
    "library_versions",
    "parse_name",
    "suites",
    "with_settings",
    "workload_files",
    "workload_hash",
]

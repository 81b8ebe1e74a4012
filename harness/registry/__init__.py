"""Names -> plug-ins: built-in folders, ./submissions, a .py path, an installed entry point, a library's class.

Imports torch only for a library's class; a plug-in's module is imported when it is listed or looked for.
"""

from harness.registry.sources import library_versions
from harness.registry.submissions import Submission, all_submissions, find_optimizer, find_schedule, find_submission
from harness.registry.workloads import all_workloads, find_workload, suites, unavailable_workloads, workload_hash

__all__ = [
    "Submission",
    "all_submissions",
    "all_workloads",
    "find_optimizer",
    "find_schedule",
    "find_submission",
    "find_workload",
    "library_versions",
    "suites",
    "unavailable_workloads",
    "workload_hash",
]

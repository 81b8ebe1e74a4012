"""Audit: recorded trials are run again and compared with their records. `audit` is the place to start reading."""

from harness.checking.apart import Apart, CallFailed, ProcessDied
from harness.checking.audit import Audit, Chosen, Machine
from harness.checking.comparison import compared
from harness.checking.findings import Finding, Verdict
from harness.checking.obstacles import Survey, surveys
from harness.checking.repeat import Repeat, repeat_of
from harness.checking.tolerance import MeanShift, mean_shift

__all__ = [
    "Apart",
    "Audit",
    "CallFailed",
    "Chosen",
    "Finding",
    "Machine",
    "MeanShift",
    "ProcessDied",
    "Repeat",
    "Survey",
    "Verdict",
    "compared",
    "mean_shift",
    "repeat_of",
    "surveys",
]

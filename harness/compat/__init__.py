"""AlgoPerf: its logs and its targets, brought into our terms. Never imports torch."""

from harness.compat.algoperf_logs import Logs, log_records, read_logs
from harness.compat.algoperf_targets import V05, Targets, read_targets

__all__ = ["V05", "Logs", "Targets", "log_records", "read_logs", "read_targets"]

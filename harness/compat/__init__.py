"""AlgoPerf's logs, targets and official results as records and trials that can be scored; without torch."""

from harness.compat.algoperf_logs import Logs, log_records, read_logs
from harness.compat.algoperf_targets import V05, Targets, read_targets
from harness.compat.first_hits import first_hits
from harness.compat.write_logs import write_logs

__all__ = ["V05", "Logs", "Targets", "first_hits", "log_records", "read_logs", "read_targets", "write_logs"]

"""AlgoPerf's logs, targets and official results as records and trials that can be scored; without torch.

The package `harness.compat.submissions` runs AlgoPerf's submissions and is imported by nothing here.
"""

from harness.compat.algoperf_logs import read_logs
from harness.compat.algoperf_targets import V05, V06, VERSIONS, Targets, read_targets
from harness.compat.first_hits import first_hits
from harness.compat.imported_logs import Logs
from harness.compat.log_records import log_records
from harness.compat.write_logs import notes_path, write_logs

__all__ = [
    "V05",
    "V06",
    "VERSIONS",
    "Logs",
    "Targets",
    "first_hits",
    "log_records",
    "notes_path",
    "read_logs",
    "read_targets",
    "write_logs",
]

"""Records on disk: write, read, verify, merge by copying, compact; and as a DataFrame."""

from harness.results.boards import BoardInput, board_input
from harness.results.compaction import LOOSE_RECORDS, compact
from harness.results.files import write_atomically
from harness.results.frame import frame, load_results
from harness.results.store import ResultStore, RunNote, planned_trials, read_record

__all__ = [
    "LOOSE_RECORDS",
    "BoardInput",
    "ResultStore",
    "RunNote",
    "board_input",
    "compact",
    "frame",
    "load_results",
    "planned_trials",
    "read_record",
    "write_atomically",
]

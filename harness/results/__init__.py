"""Records on disk: write, read, verify, merge by copying, compact; and as a DataFrame."""

from harness.results.atomic_files import write_atomically
from harness.results.board_trials import BoardInput, Unfinished, board_input
from harness.results.compaction import MOST_SINGLE_FILES, compact
from harness.results.data_frame import open_results, read_trials, records_frame
from harness.results.plain_frame import load_results
from harness.results.reference import beside_reference, check_reference, reference_input, reference_names
from harness.results.run_notes import RunNote, planned_trials
from harness.results.store import ResultStore, read_record

__all__ = [
    "MOST_SINGLE_FILES",
    "BoardInput",
    "ResultStore",
    "RunNote",
    "Unfinished",
    "beside_reference",
    "board_input",
    "check_reference",
    "compact",
    "load_results",
    "open_results",
    "planned_trials",
    "read_record",
    "read_trials",
    "records_frame",
    "reference_input",
    "reference_names",
    "write_atomically",
]

"""The table of faults: what is done, what must happen, and the tests that do it."""

from __future__ import annotations

from tests.faults.input_rows import INPUT_ROWS
from tests.faults.node_rows import NODE_ROWS
from tests.faults.run_rows import RUN_ROWS
from tests.faults.won_rows import WON_ROWS

TABLE = (*RUN_ROWS, *NODE_ROWS, *INPUT_ROWS, *WON_ROWS)

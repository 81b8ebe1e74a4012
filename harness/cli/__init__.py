"""The command line: one module per verb. No other package imports it."""

from __future__ import annotations

import logging
import sys


def main() -> None:
    """Run the command line.

    Exit status: 0 done; 1 some trials failed, something is missing or does not hold, or output could not be written; 2 bad
    input; 130 interrupted.
    """
    from harness.cli import streams
    from harness.cli.app import run_app

    streams.prepare()
    # Matplotlib warns at length where a user has no home directory, which changes nothing.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    status = run_app()
    status = streams.lost_output() or status
    streams.discard_errors()
    sys.exit(status)

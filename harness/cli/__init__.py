"""The command line: one module per verb. No other package imports it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Exit status: 0 done, 1 some trials failed, 2 bad input, 130 interrupted."""
    from harness.cli import streams
    from harness.cli.app import run_app

    streams.prepare()
    try:
        status = run_app()
        status = streams.lost_output() or status
    except OSError:  # standard error cannot be written: nobody is left to tell
        status = streams.OUTPUT_LOST
    streams.discard_errors()
    sys.exit(status)

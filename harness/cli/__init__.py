"""The command line: one module per verb. No other package imports it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Exit status: 0 done, 1 some trials failed, 2 bad input, 130 interrupted."""
    from harness.cli.app import run_app

    sys.exit(run_app())

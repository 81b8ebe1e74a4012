"""What a results directory contains that is no record or note: one line each on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

LONGEST_LINE = 400
"""Characters of a line: a damaged record can put any text into its reason."""


def print_left_out(damaged: Mapping[Path, str], say: Callable[[str], object], what: str = "left out") -> None:
    """Print a line for each file that was left out.

    Args:
        damaged: {file: reason}, from `harness.results.ResultStore.damaged`.
        say: prints a line.
        what: how a line begins.
    """
    if damaged:
        from harness.report.words import one_line

        for path, reason in damaged.items():
            say(f"{what}: {one_line(path)}: {one_line(reason, LONGEST_LINE)}")

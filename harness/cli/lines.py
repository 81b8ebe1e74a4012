"""Sentences on a terminal: broken between words, never inside one; for another program a sentence stays one line."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def between_words(text: str, width: int) -> str:
    r"""Return text whose lines have at most `width` characters; a longer word, such as a path, stays whole.

    >>> between_words("leaderboard: results/a-long-name.html", 20)
    'leaderboard:\nresults/a-long-name.html'
    """
    return textwrap.fill(text, max(width, 1), break_long_words=False, break_on_hyphens=False)


def print_line(line: str, console: Console) -> None:
    """Print a sentence as it is: brackets are not interpreted as markup."""
    text = between_words(line, console.width) if console.is_terminal else line
    console.print(text, markup=False, soft_wrap=True)


def say(line: str) -> None:
    """Print a sentence on standard output, without a console."""
    print(between_words(line, shutil.get_terminal_size().columns) if sys.stdout.isatty() else line)

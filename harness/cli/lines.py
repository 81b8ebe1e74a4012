"""Sentences on a terminal: broken between words, never inside one; for another program a sentence stays one line."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, TextIO

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


def say(line: str, file: TextIO | None = None) -> None:
    """Print a sentence, on standard output by default, without a console."""
    print(for_stream(line, file or sys.stdout), file=file or sys.stdout)


def for_stream(line: str, stream: TextIO) -> str:
    """Return a sentence as a stream takes it: broken where the stream is a terminal."""
    try:
        terminal = stream.isatty()
    except (AttributeError, ValueError):  # a replacement of a stream, or a closed one
        terminal = False
    return between_words(line, shutil.get_terminal_size().columns) if terminal else line

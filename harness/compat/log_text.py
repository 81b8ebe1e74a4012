"""Opens a log, compressed or not, in whichever encoding it was saved, and yields its lines within fixed bounds of memory."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.compat.log_notes import LineNotes

LONGEST_LINE = 1 << 16
"""Most characters of a line that are looked at; an official line has a few hundred."""

MOST_CHARACTERS = 1 << 30
"""Most characters that are read of a log."""

GZIP = b"\x1f\x8b"

MARKS = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
"""{byte-order mark: (its codec, its name)}."""


class Line(NamedTuple):
    """A line of a log.

    Attributes:
        number: from 1.
        text: without the line end; "" if it is longer than `LONGEST_LINE`.
        ends: whether it has a line end.
        too_long: whether it is longer than `LONGEST_LINE`.
    """

    number: int
    text: str
    ends: bool
    too_long: bool = False


class LogTooLarge(ValueError):
    """A log has more than `MOST_CHARACTERS` characters."""


def open_log(file: Path, notes: LineNotes) -> io.TextIOWrapper:
    """Open a log for `lines_of`. What is unusual about its form is noted; bytes that are no text become U+FFFD.

    Raises:
        OSError: it cannot be opened.
    """
    with file.open("rb") as raw:
        compressed = raw.read(2) == GZIP
    if compressed and not file.name.endswith(".gz"):
        notes.add("the file is compressed, although it is not named .gz; it was read", 0)
    binary = gzip.open(file, "rb") if compressed else file.open("rb")  # noqa: SIM115 (the caller closes it)
    try:
        codec = _codec(binary.peek(4), notes)
    except BaseException:
        binary.close()
        raise
    return io.TextIOWrapper(binary, encoding=codec, errors="replace", newline="")


def _codec(head: bytes, notes: LineNotes) -> str:
    for mark, (codec, name) in MARKS.items():
        if head.startswith(mark):
            notes.add(f"the file begins with a byte-order mark ({name}); it was read without it", 1)
            return codec
    first, second = (*head[:2], 1, 1)[:2]
    if bool(first) != bool(second):
        notes.add("the file is UTF-16, not UTF-8; it was read", 1)
        return "utf-16-le" if first else "utf-16-be"
    return "utf-8"


def lines_of(text: io.TextIOWrapper) -> Iterator[Line]:
    r"""Yield the lines; they may end in ``\n``, ``\r\n`` or ``\r``.

    Raises:
        LogTooLarge: there are more than `MOST_CHARACTERS` characters.
        OSError, EOFError, zlib.error: the file, or its compressed content, cannot be read further.
    """
    number, total = 0, 0
    while part := text.readline(LONGEST_LINE):
        number += 1
        total += len(part)
        too_long = False
        while len(part) >= LONGEST_LINE and part[-1] not in "\r\n":
            too_long = True
            part = text.readline(LONGEST_LINE) or "\n"
            total += len(part)
            _check(total)
        _check(total)
        yield Line(number, "" if too_long else part.rstrip("\r\n"), part[-1] in "\r\n", too_long)


def _check(total: int) -> None:
    if total > MOST_CHARACTERS:
        raise LogTooLarge(f"it has more than {MOST_CHARACTERS:,} characters")

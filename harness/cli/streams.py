"""Standard output and error under any terminal, pipe and disk: characters that cannot be encoded, readers that have gone."""

from __future__ import annotations

import codecs
import io
import os
import sys

HANDLER = "timetrial.ascii"
"""Name under which `codecs` knows the replacement of characters that a stream cannot encode."""

SPELLED = {
    **{"–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "×": "x", "±": "+-"},
    **{"≤": "<=", "≥": ">=", "⟨": "<", "⟩": ">", "✗": "x", "•": "*"},
}
"""Characters of our own output, as ASCII."""

OUTPUT_LOST = 1
"""Exit status if standard output could not be written."""


def prepare() -> None:
    """Make printing safe: open closed streams on the null device, and spell what a stream cannot encode in ASCII.

    A closed stream would otherwise be the number of the next file that is opened, and what is printed would go there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    codecs.register_error(HANDLER, _spelled)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(number, "w", closefd=False), "utf-8"))
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """Return the ASCII spelling of characters that a stream cannot encode, and where to go on, as `codecs` asks for it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(SPELLED.get(c) or c.encode("ascii", "backslashreplace").decode() for c in characters), error.end


def lost_output() -> int:
    """Flush standard output; return 0, or the exit status if that is impossible, after one line unless the reader has gone.

    A reader that has gone, as in ``timetrial list submissions | head -1``, has what it wants. What could not be written is
    discarded.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(1)
        return OUTPUT_LOST
    except OSError as error:
        _discard(1)
        complain(f"timetrial: standard output cannot be written: {error.strerror or error}")
        return OUTPUT_LOST
    return 0


def complain(line: str) -> None:
    """Print a line on standard error, if that can be written."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _discard(2)


def discard_errors() -> None:
    """Discard what standard error could not write."""
    try:
        sys.stderr.flush()
    except OSError:
        _discard(2)


def _discard(number: int) -> None:
    """Let a standard stream write to the null device, so that Python does not complain when it flushes it at its exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)

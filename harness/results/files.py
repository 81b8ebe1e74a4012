"""Files that a kill at any moment leaves whole."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

STALE_SECONDS = 24 * 3600
"""Age from which a temporary file is nobody's: no write takes a day, on however slow a network's file system."""


def temporary_of(path: Path) -> Path:
    """Return a name beside `path` that no other process takes, to write under before `path` is replaced."""
    return path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader, or a kill at any moment, finds the old content or the new, never a part.

    Text is written in UTF-8; what cannot be encoded becomes a backslash escape.

    Raises:
        OSError: the disk is full, or the directory cannot be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_of(path)
    try:
        with temporary.open("wb") as file:
            file.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def flush_directory(directory: Path) -> None:
    """Wait until a file's new name is on the disk, so that what it replaces may be removed; where a system can."""
    if os.name != "posix":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(directory: Path) -> int:
    """Remove temporary files under `directory` that a kill left at least a day ago; return how many."""
    before, count = time.time() - STALE_SECONDS, 0
    for path in directory.rglob(".*.tmp"):
        try:
            if path.stat().st_mtime <= before:
                path.unlink()
                count += 1
        except FileNotFoundError:
            continue  # another sweep has it
    return count

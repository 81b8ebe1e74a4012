"""Files that are complete at every moment, even if a write is killed."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

STALE_SECONDS = 24 * 3600
"""Age from which no process still writes a temporary file: no write takes a day, even on a slow network file system."""


def temporary_path(path: Path) -> Path:
    """Return a name beside `path` that no other process uses, to write under before `path` is replaced."""
    return path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader finds its old content or its new content, never a part, even after a kill.

    Text is written in UTF-8; what cannot be encoded becomes a backslash escape.

    Raises:
        OSError: the disk is full, or the directory cannot be written; the old file is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(path)
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
    """Wait until new names in a directory are on the disk, if the system can; only then may what they replace be removed."""
    if os.name != "posix":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_stale_temporaries(directory: Path) -> int:
    """Remove temporary files under `directory` that killed processes left at least a day ago; return how many."""
    before, count = time.time() - STALE_SECONDS, 0
    for path in directory.rglob(".*.tmp"):
        try:
            if path.stat().st_mtime <= before:
                path.unlink()
                count += 1
        except FileNotFoundError:
            continue  # another process removed it
    return count

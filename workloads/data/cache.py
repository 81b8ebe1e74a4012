"""Where data sets are stored, and how a file is written completely or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import DataUnavailable


def data_directory() -> Path:
    """Return the directory of the data sets: ``TIMETRIAL_DATA``, else ``timetrial`` in the user's cache directory.

    The user's cache directory is ``XDG_CACHE_HOME``, else ``~/.cache``. The directory is not created here.
    """
    chosen = os.environ.get("TIMETRIAL_DATA")
    if chosen:
        return Path(chosen).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "timetrial"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` when the block ends without an error, and is removed otherwise.

    The file is flushed to disk and renamed, so that readers and other writers see the old file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        os.fchmod(descriptor, 0o644)
        yield temporary
        os.fsync(descriptor)
        temporary.replace(path)
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)


@contextmanager
def workspace(directory: Path) -> Iterator[Path]:
    """Yield a private temporary directory inside `directory` (on the same disk), which is removed at the end."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as name:
        yield Path(name)


@contextmanager
def disk_errors_as_unavailable(directory: Path) -> Iterator[None]:
    """Turn an operating-system error inside the block into `DataUnavailable`, in one line that names `directory`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        advice = "free some space there or set TIMETRIAL_DATA to a writable directory"
        raise DataUnavailable(f"cannot write data to {directory}: {reason}; {advice}") from error

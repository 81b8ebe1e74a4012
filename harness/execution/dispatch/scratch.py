"""Folders for what a run needs only while it lives. Those of runs that were killed are removed by the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX, UNFINISHED = "timetrial-run-", ".timetrial-run-"


class ScratchFolder:
    """A new folder below the system's folder for temporary files, locked for as long as this process lives.

    Attributes:
        path: the folder.
    """

    def __init__(self) -> None:
        _remove_abandoned(Path(tempfile.gettempdir()))
        made = Path(tempfile.mkdtemp(prefix=UNFINISHED))  # under another name until it is locked: nobody takes it for abandoned
        self._lock = os.open(made, os.O_RDONLY | os.O_CLOEXEC)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.path = made.rename(made.with_name(PREFIX + made.name.removeprefix(UNFINISHED)))

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):  # it is removed already
            os.close(self._lock)
        self._lock = -1


def _remove_abandoned(place: Path) -> None:
    """Remove the folders of this user that no living process has locked."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.fstat(handle).st_uid == os.getuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)

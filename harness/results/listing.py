"""Which files of a results directory are records and run notes; links out of the directory are not followed."""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping
from pathlib import Path

from harness.contracts.errors import BadInput

RECORD_FILE = re.compile(r"study\d+-trial\d+-[0-9a-f]{16}\.json")
"""Names of the files of records."""

NOTE_FILE = re.compile(r"[0-9a-f]{16}\.json")
"""Names of the files of run notes."""


class Listing:
    """What lies in a results directory.

    Hidden files, which systems and programs put beside others (``._NAME``, ``.DS_Store``, ``.NAME.swp``), are passed over, and
    so is what does not end in ``.json``. Other JSON files than records and notes, such as the copies that a synchronising
    program makes of conflicting versions, are named in one line for all.

    Args:
        directory: the results directory.
        damaged: {path: reason} of what is left out; added to.
    """

    def __init__(self, directory: Path, damaged: MutableMapping[Path, str]) -> None:
        self.directory = directory
        self._damaged = damaged
        self._others: set[Path] = set()

    def workload_folders(self) -> list[Path]:
        """Return the folders of workloads, sorted."""
        return self._folders(self.directory / "trials")

    def record_files(self, folder: Path) -> list[Path]:
        """Return the files in a workload's folder whose names are those of records, sorted."""
        return [path for inner in self._folders(folder) for path in self._named(inner, RECORD_FILE)]

    def note_files(self) -> list[Path]:
        """Return the files whose names are those of run notes, sorted."""
        folder = self.directory / "runs"
        return [] if self._is_link(folder) else self._named(folder, NOTE_FILE)

    def _folders(self, folder: Path) -> list[Path]:
        if self._is_link(folder):
            return []
        paths = [folder / entry.name for entry in self._entries(folder) if entry.is_dir()]
        return [path for path in paths if not self._is_link(path)]

    def _named(self, folder: Path, names: re.Pattern[str]) -> list[Path]:
        json = [folder / entry.name for entry in self._entries(folder) if entry.name.endswith(".json")]
        if others := [path for path in json if not names.fullmatch(path.name)]:
            self._others.update(others)
            count = f"{len(self._others)} file{'s have' if len(self._others) > 1 else ' has'}"
            self._damaged[self.directory] = f"{count} no name of a record or note, such as {min(self._others)}"
        return [path for path in json if names.fullmatch(path.name)]

    def _is_link(self, folder: Path) -> bool:
        if folder.is_symlink():
            self._damaged[folder] = "it is a symbolic link, which is not followed"
            return True
        return False

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """Return what is not hidden in a folder, sorted by name."""
        try:
            with os.scandir(folder) as found:
                return sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self._damaged[folder] = f"it cannot be listed: {error.strerror}"
            return []


def check_inside(directory: Path, path: Path) -> None:
    """Check that no folder between a results directory and a path inside it is a link, which would lead out of it.

    Raises:
        BadInput: one is.
    """
    for folder in path.parents:
        if folder == directory:
            return
        if folder.is_symlink():
            raise BadInput(f"'{folder}' is a symbolic link, so nothing is read or written there: put a directory in its place")

"""Checks of the files and directories that a user names, before anything is done; nothing is left behind."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from harness.contracts.errors import BadInput

LONGEST_NAME = 255
"""Bytes that the name of a file may have, on all usual file systems."""


def check_directory(option: str, path: Path) -> None:
    """Check that a directory exists or can be created, and that files can be written to it.

    Args:
        option: how messages name it, such as ``--results``.
        path: the directory.

    Raises:
        BadInput: it is something else, or cannot be written.
    """
    try:
        _check_lengths(path)
        existing = next(place for place in (path, *path.absolute().parents) if place.exists())
        if not existing.is_dir():
            raise BadInput(f"{option} {path}: {existing} is a file: name a directory")
        with tempfile.TemporaryFile(dir=existing):  # permissions alone do not tell of /proc or of a full disk
            pass
    except (OSError, ValueError) as error:
        raise _impossible(option, path, error) from None


def check_file(option: str, path: Path) -> None:
    """Check that a file can be written: it need not exist, nor need its directory.

    Args:
        option: how messages name it, such as ``--out``.
        path: the file.

    Raises:
        BadInput: it is a directory or a device, or its directory cannot be written.
    """
    try:
        _check_lengths(path)
        if path.is_dir():
            raise BadInput(f"{option} {path}: it is a directory: name a file")
        if path.exists() and not path.is_file():
            raise BadInput(f"{option} {path}: it is no regular file: name another")
    except (OSError, ValueError) as error:
        raise _impossible(option, path, error) from None
    check_directory(option, path.absolute().parent)


def _check_lengths(path: Path) -> None:
    """Raise the error that a system call would, also where the directory of a name that is too long does not exist yet."""
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


def _impossible(option: str, path: Path, error: Exception) -> BadInput:
    reason = getattr(error, "strerror", "") or str(error)
    return BadInput(f"{option} {path}: cannot be written ({reason}): name another place")


def usable_data_directory() -> Path:
    """Return the directory of the data sets.

    Raises:
        BadInput: this user has no home directory, the directory is a file, or it can neither be found nor created.
    """
    from workloads.data import data_directory

    try:
        directory = data_directory()
    except RuntimeError:  # from `Path.home`
        raise BadInput("no directory for data: this user has no home directory; set TIMETRIAL_DATA to a directory") from None
    check_data_directory("data directory (TIMETRIAL_DATA)", directory)
    return directory


def check_data_directory(option: str, directory: Path) -> None:
    """Check that a directory of data exists, in which nothing need be written once the data are there, or can be created.

    Raises:
        BadInput: it is a file, or cannot be created.
    """
    try:
        if directory.is_dir():
            return
    except OSError:
        pass  # `check_directory` says why
    check_directory(option, directory)

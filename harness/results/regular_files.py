"""Reads files that anybody may have put there: regular ones of bounded size, and never what a link leads to."""

from __future__ import annotations

import errno
import json
import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

LARGEST_JSON = 16 * 2**20
"""Largest record or run note in bytes. Honest records have 10 to 20 kB, the largest note of a committed result 0.4 MB."""

FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))

KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a symbolic link"}


def read_regular(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes. Pipes, devices and links do not block and are not read.

    Raises:
        ValueError: it is no regular file, or larger.
        OSError: it does not exist, or cannot be opened or read.
    """
    try:
        handle = os.open(path, FLAGS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
            _refuse(path.lstat().st_mode)
        raise
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            _refuse(status.st_mode)
        if status.st_size > limit:
            raise ValueError(f"it has {status.st_size} bytes, more than {limit}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    finally:
        os.close(handle)
    if len(content) > limit:
        raise ValueError(f"it has more than {limit} bytes")
    return content


def _refuse(mode: int) -> NoReturn:
    raise ValueError(f"it is {KINDS.get(stat.S_IFMT(mode), 'a device')}, not a regular file")


def read_json(path: Path) -> Any:
    """Return the value in a regular file of strict JSON, of at most `LARGEST_JSON` bytes in UTF-8.

    Raises:
        ValueError: it is no such file.
        OSError: it does not exist, or cannot be opened or read.
    """
    return parsed_json(read_regular(path, LARGEST_JSON).decode("utf-8"))


def parsed_json(text: str) -> Any:
    """Return the value of strict JSON: no NaN, no infinity, no key twice, not more levels than Python can walk.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("too many lists and objects lie inside one another") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("an object has the same key twice")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read, in words without its path."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def set_aside(path: Path) -> str:
    """Rename a damaged file to ``NAME.damaged``, so that it is not read again, and return its new name.

    An earlier file of this name is replaced; nothing replaces a directory, nor does a directory replace anything.

    Raises:
        OSError: the directory cannot be written.
    """
    new = path.with_name(f"{path.name}.damaged")
    if new.is_dir() or (path.is_dir() and new.exists()):
        new = new.with_name(f"{new.name}.{uuid.uuid4().hex[:8]}")
    with suppress(FileNotFoundError):  # another run has renamed it
        path.replace(new)
    return new.name

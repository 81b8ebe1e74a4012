"""Members of a downloaded archive."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from pathlib import Path


def tar_members(archive: Path, names: Iterable[str]) -> list[bytes]:
    """Return the contents of the named plain files in a tar archive whose checksum was verified."""
    contents = []
    with tarfile.open(archive) as package:
        for name in names:
            file = package.extractfile(name)
            assert file is not None, "the checked archive holds plain files"
            contents.append(file.read())
    return contents

"""SHA-256 of files."""

from __future__ import annotations

import hashlib
from pathlib import Path


class WrongChecksum(Exception):
    """A file does not have the expected checksum; the message is one line."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, sha256: str) -> None:
    """Check that `path` has this SHA-256; remove it where it has not.

    Raises:
        WrongChecksum: names the file, what it has and what was expected.
    """
    actual = sha256_of(path)
    if actual != sha256:
        path.unlink()
        raise WrongChecksum(f"{path.name} has SHA-256 {actual[:12]}…, expected {sha256[:12]}…")

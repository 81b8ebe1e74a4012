"""`timetrial doctor`: the packages, the device, the disk and the plug-ins of this machine."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.cli.app import app

PACKAGES = ("torch", "torchvision", "ray", "pytorch_optimizer", "pandas", "seaborn", "scipy", "scikit-learn")
OPTIONAL = {"ray": "only --executor inline works"}
"""Packages that may be missing, and what follows."""

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
            problems += package not in OPTIONAL
            _line(package, f"missing ({OPTIONAL[package]})" if package in OPTIONAL else "missing")
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
    from workloads.data import data_directory

    directory = data_directory()
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(existing).free / 2**30
    unwritable = [path for path in (existing, Path.cwd()) if not os.access(path, os.W_OK)]
    _line("data", f"{directory} ({free:.0f} GiB free)")
    for path in unwritable:
        _line("", f"cannot write to {path}")
    if free < LEAST_DISK:
        _line("", f"less than {LEAST_DISK:g} GiB free: name another directory in TIMETRIAL_DATA")
    return len(unwritable) + (free < LEAST_DISK)


def _plugins() -> int:
    from harness.registry import all_submissions, all_workloads, unavailable_workloads

    submissions = all_submissions()
    broken = {s.name: s.facts["unavailable"] for s in submissions if "unavailable" in s.facts} | unavailable_workloads()
    _line("plug-ins", f"{len(submissions)} submissions, {len(all_workloads())} workloads")
    for name, reason in broken.items():
        _line("", f"{name} cannot be used: {reason}")
    return len(broken)

"""`timetrial doctor`: what this machine offers, what is missing."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.cli.app import app

PACKAGES = ("torch", "torchvision", "ray", "pytorch_optimizer", "pandas", "seaborn", "scipy", "scikit-learn")


@app.command()
def doctor() -> int:
    """Say what this machine offers and what is missing; exit status 1 if a race could not run."""
    troubles = 0
    print(f"python      {sys.version.split()[0]}")
    for package in PACKAGES:
        try:
            print(f"{package:<18}{version(package)}")
        except PackageNotFoundError:
            optional = package == "ray"
            troubles += not optional
            print(f"{package:<18}missing" + (" (only --executor inline works)" if optional else ""))
    print(f"cores       {os.cpu_count()}")
    troubles += _device() + _disk() + _plug_ins()
    print("nothing is missing" if not troubles else f"{troubles} things are missing, see above")
    return 1 if troubles else 0


def _device() -> int:
    try:
        from harness.execution.environment import choose_device, cpu_name
    except ImportError as error:
        print(f"device      none: torch cannot be imported ({error})")
        return 1
    device = choose_device()
    print(f"device      {device} ({cpu_name()})")
    return 0


def _disk() -> int:
    from workloads.data import data_directory

    home = data_directory()
    existing = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(existing).free / 2**30
    writable = os.access(existing, os.W_OK) and os.access(Path.cwd(), os.W_OK)
    print(f"data        {home} ({free:.0f} GiB free{'' if writable else ', NOT writable'})")
    return 0 if writable and free > 1 else 1


def _plug_ins() -> int:
    from harness.registry import all_submissions, all_workloads

    submissions = all_submissions()
    broken = [s for s in submissions if "unavailable" in s.facts]
    print(f"plug-ins    {len(submissions)} submissions, {len(all_workloads())} workloads")
    for submission in broken:
        print(f"            {submission.name} cannot be used: {submission.facts['unavailable']}")
    return len(broken)

"""What machine a trial ran on: recorded with it, so that a board never mixes machines in silence."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch


@cache
def cpu_name() -> str:
    """Return the processor's model name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def describe(device: str, concurrency: int) -> dict[str, Any]:
    """Return the facts of this process's machine, of `device`, and how many trials share the machine."""
    name = cpu_name() if device == "cpu" else torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    return {
        "machine": f"{name}, {os.cpu_count()} cores" if device == "cpu" else name,
        "device": device,
        "concurrency": concurrency,
        "platform": platform.system(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "torch": torch.__version__,
        "timetrial": _version("timetrial"),
    }


def choose_device() -> str:
    """Return the accelerator's name where torch sees one, else "cpu"."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return accelerator.type if accelerator is not None and accelerator.type == "cuda" else "cpu"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""

"""Which machine a trial ran on: recorded with the trial, so that a board can separate results of different machines."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

CPU_INFO = Path("/proc/cpuinfo")

VENDOR, FAMILY, MODEL = ("vendor_id", "CPU implementer"), ("cpu family", "CPU architecture"), ("model", "CPU part")
"""How Linux names the three on x86 and on ARM."""


@cache
def cpu_facts() -> Mapping[str, str]:
    """Return what Linux says about the first processor, {name: value}; empty on other systems."""
    try:
        first = CPU_INFO.read_text(encoding="utf-8").split("\n\n", 1)[0]
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def cpu_name() -> str:
    """Return the processor's name, as people know it."""
    return cpu_facts().get("model name") or platform.processor() or platform.machine()


def describe(device: str, concurrency: int) -> dict[str, Any]:
    """Return the facts of this process's machine, of `device`, and how many trials share the machine.

    The results of two trials on the CPU can be equal to the last bit only where vendor, family and model of the processor,
    the instructions that torch uses on it, and torch's version are the same; on a GPU, where its name and torch's version
    are. `machine_type` is a text of just these: equal texts mean the same type of machine.
    """
    torch_version = str(torch.__version__)
    facts: dict[str, Any] = {
        "machine": f"{cpu_name()}, {os.cpu_count()} cores",
        "device": device,
        "concurrency": concurrency,
        "platform": platform.system(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "torch": torch_version,
        "timetrial": _version("timetrial"),
        "cpu_vendor": _fact(VENDOR) or platform.machine(),
        "cpu_family": _fact(FAMILY),
        "cpu_model": _fact(MODEL) or platform.processor(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }
    if device == "cpu":
        cpu = (facts[f"cpu_{name}"] for name in ("vendor", "family", "model", "capability"))
        return {**facts, "machine_type": ", ".join((*filter(None, cpu), f"torch {torch_version}"))}
    gpu = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    return {**facts, "machine": gpu, "gpu": gpu, "machine_type": f"{gpu}, torch {torch_version}"}


def choose_device() -> str:
    """Return the accelerator's name where torch sees one, else "cpu"."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return accelerator.type if accelerator is not None and accelerator.type == "cuda" else "cpu"


def _fact(names: tuple[str, ...]) -> str:
    return next((cpu_facts()[name] for name in names if name in cpu_facts()), "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""

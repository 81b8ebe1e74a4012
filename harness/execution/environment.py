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

from harness.trial.arranged import arrangement

CPU_INFO, DRIVER = Path("/proc/cpuinfo"), Path("/proc/driver/nvidia/version")

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
    the instructions that torch uses on it, and torch's version are the same; on a GPU, where its name (which says which
    slice of a GPU it is) and the versions of torch and cuDNN are, and only as far as torch has deterministic algorithms
    (`harness.trial.arranged`). `machine_type` is a text of just these: equal texts mean the same type of machine.
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
    return {**facts, **_accelerator(torch.device(device), torch_version)}


def _accelerator(device: torch.device, torch_version: str) -> dict[str, Any]:
    """Return the facts of an accelerator, and how the harness has it compute; they take the place of the CPU's."""
    own = {"cpu": cpu_name(), **arrangement(device)}
    if device.type != "cuda":
        return {**own, "machine": device.type, "gpu": device.type, "machine_type": f"{device.type}, torch {torch_version}"}
    properties = torch.cuda.get_device_properties(device)
    gpu, cudnn = properties.name, torch.backends.cudnn.version()
    return {
        **own,
        "machine": gpu,
        "gpu": gpu,
        "gpu_memory": properties.total_memory,
        "multiprocessors": properties.multi_processor_count,
        "mig": "MIG" in gpu or os.environ.get("CUDA_VISIBLE_DEVICES", "").startswith("MIG-"),
        "driver": driver_version(),
        "cuda": torch.version.cuda or "",
        "hip": torch.version.hip or "",
        "cudnn": cudnn or 0,
        "machine_type": f"{gpu}, torch {torch_version}, cuDNN {cudnn or 'none'}",
    }


def driver_version() -> str:
    """Return the version of NVIDIA's driver as its kernel module states it; "" where there is none."""
    try:
        first = DRIVER.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return ""
    return next((word for word in first.split() if word[:1].isdigit() and "." in word), "")


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

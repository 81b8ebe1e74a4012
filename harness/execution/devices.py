"""The device that trials train on: what the user asks for, what there is, and what is said about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts.errors import BadInput
from harness.execution.settings import AUTO, Settings


def cluster_address(settings: Settings) -> str:
    """Return the address of the Ray cluster that a run joins; "" if it starts one of its own, or needs none."""
    address = settings.address or os.environ.get("RAY_ADDRESS", "")
    return "" if settings.executor == "inline" or address == "local" else address


def device_for(settings: Settings) -> str:
    """Return the device of a run; `AUTO` where the cluster that it joins decides.

    Raises:
        BadInput: this machine does not have the device that the user asks for, and no cluster is joined.
    """
    if cluster_address(settings):
        return settings.device
    from harness.execution.environment import choose_device

    here = choose_device()
    if settings.device not in (AUTO, "cpu", here):
        raise BadInput(
            f"--device {settings.device}: torch sees none on this machine; use --device cpu, or --address of a cluster"
        )
    device = here if settings.device == AUTO else settings.device
    if device == "cpu" and settings.per_device > 1:
        raise BadInput(f"--per-device {settings.per_device}: a CPU core runs one trial at a time; leave it out")
    return device


def unused_here(device: str) -> str:
    """Return in words which accelerator of this machine a run on `device` leaves unused; "" if none."""
    import torch

    if device != "cpu" or not torch.accelerator.is_available():
        return ""
    found = torch.accelerator.current_accelerator()
    if found is None:
        return ""
    return "the GPU here is not used" if found.type == "cuda" else f"{found.type} is not used: timetrial does not race on it"


@dataclass(frozen=True)
class Capacity:
    """What a Ray cluster offers to a run, and what the run takes of it.

    Attributes:
        device: on which trials train.
        devices: how many of these there are now.
        gpus: GPUs that the cluster has, whatever the device is.
        nodes: machines that are alive.
        workers: trials at a time, now.
        wanted: workers that are started as soon as there is room for them.
        asked: workers that the user asks for; without a number, as many as there is room for.
        per_device: trials that share a device.
    """

    device: str
    devices: int
    gpus: int
    nodes: int
    workers: int
    wanted: int
    asked: int
    per_device: int = 1

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Capacity:
        """Return what `dataclasses.asdict` made of it."""
        return cls(**{name: value[name] for name in cls.__dataclass_fields__})

    def words(self, address: str, unused: str = "") -> str:
        """Return one line that says what races where.

        Args:
            address: of the cluster that was joined; "" for one of this run's own.
            unused: which accelerator of this machine is not used, in words.
        """
        name = "CPU core" if self.device == "cpu" else "GPU"
        nodes = f" of {_counted(self.nodes, 'node')}" if address else ""
        place = f"the Ray cluster at {address}" if address else "this machine"
        line = f"{_counted(self.workers, 'trial')} at a time on {_counted(self.devices, name)}{nodes} ({place})"
        if self.per_device > 1:
            line += f", {self.per_device} on each"
        if self.asked > self.workers:
            later = "the others start when nodes join" if address else "there are no more devices"
            line += f"; {self.workers} of {self.asked} workers start: {later}"
        if self.device == "cpu" and self.gpus and address:
            unused = f"its {_counted(self.gpus, 'GPU')} {'is' if self.gpus == 1 else 'are'} not used: --device cuda races there"
        return f"{line}; {unused}" if unused else line


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

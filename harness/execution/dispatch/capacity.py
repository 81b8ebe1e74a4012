"""How many workers a Ray cluster can have at a time, and what each of them takes of its node."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.execution.devices import Capacity
from harness.execution.settings import AUTO

GPU_TYPE = "accelerator_type:"
"""How the name of a resource begins by which Ray says what type of GPU a node has."""


class CannotStart(Exception):
    """Ray cannot be started, or joined, or lacks the device; its text is one line."""


@dataclass(frozen=True)
class Wanted:
    """What a run asks of a Ray cluster.

    Attributes:
        workers: trials at a time; None means as many as the devices allow.
        device: "cpu", "cuda", or `AUTO`.
        per_device: workers that share a GPU.
    """

    workers: int | None = None
    device: str = "cpu"
    per_device: int = 1


@dataclass(frozen=True)
class Found:
    """What a run gets of a Ray cluster.

    Attributes:
        capacity: in numbers.
        slots: {node: workers that it has room for}.
        resources: what each worker takes, as Ray names it.
        name: of the device, as Ray names it.
    """

    capacity: Capacity
    slots: Mapping[str, int]
    resources: Mapping[str, float]
    name: str


def found_capacity(nodes: Iterable[Mapping[str, Any]], wanted: Wanted, *, joined: bool) -> Found:
    """Return what a run gets.

    Args:
        nodes: what `ray.nodes` returns.
        wanted: what it asks for.
        joined: whether the cluster is somebody's: workers that it has no room for then wait for nodes that join.

    Raises:
        CannotStart: there is no such device.
    """
    alive = {str(node["NodeID"]): node.get("Resources", {}) for node in nodes if node["Alive"]}
    gpus, cpus = ({node: int(has.get(name, 0)) for node, has in alive.items()} for name in ("GPU", "CPU"))
    device = wanted.device if wanted.device != AUTO else "cuda" if any(gpus.values()) else "cpu"
    devices, name = (cpus, "CPU") if device == "cpu" else (gpus, "GPU")
    if not any(devices.values()):
        raise CannotStart(f"the Ray cluster offers no {name}: add a node, or use --executor inline")
    if device == "cpu" and wanted.per_device > 1:
        raise CannotStart(f"--per-device {wanted.per_device}: the trials race on CPU cores, one on each; leave it out")
    slots = {node: number * wanted.per_device for node, number in devices.items() if number}
    room = sum(slots.values())
    asked = wanted.workers or room
    capacity = Capacity(
        device=device,
        devices=sum(devices.values()),
        gpus=sum(gpus.values()),
        nodes=len(slots),
        workers=min(asked, room),
        wanted=asked if joined else min(asked, room),
        asked=asked,
        per_device=wanted.per_device,
    )
    return Found(capacity, slots, _resources(device, wanted.per_device, slots, cpus), name)


def gpu_types(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the types of the GPUs of living nodes, as Ray names them, each as often as nodes have it."""
    names = (name for node in nodes if node["Alive"] and node["Resources"].get("GPU") for name in node["Resources"])
    return [name.removeprefix(GPU_TYPE) for name in names if name.startswith(GPU_TYPE)]


def _resources(device: str, per_device: int, slots: Mapping[str, int], cpus: Mapping[str, int]) -> dict[str, float]:
    """Return what a worker takes: a core, or a share of a GPU beside a core, or less of it where cores are fewer."""
    if device == "cpu":
        return {"CPU": 1}
    share = min(1.0, *(cpus[node] / number for node, number in slots.items()))
    gpu = math.floor(10_000 / per_device) / 10_000  # Ray counts in ten-thousandths
    return {"CPU": math.floor(100 * share) / 100, "GPU": gpu}

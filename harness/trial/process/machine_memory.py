"""How much memory this machine has for trials: its own, or its cgroup's limit where that is lower."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

GIB = 2**30

WORKER_BYTES = 3 * GIB // 4
"""About what a worker occupies before its first trial: PyTorch, Ray, and the data of a workload."""

LEAST_BYTES = GIB // 4
"""The default limit is never lower, however small the machine is."""

CGROUPS, OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def default_memory(workers: int) -> int:
    """Return the default memory limit of one of `workers` workers on this machine, in bytes.

    A reserve of a tenth of the memory, at least 1 GiB, stays with the driver and the system. A worker gets an equal share
    of the rest, less `WORKER_BYTES`, because a limit counts from what a worker has when a trial starts.
    """
    total = machine_memory()
    reserve = max(total // 10, GIB)
    return max((total - reserve) // max(workers, 1) - WORKER_BYTES, LEAST_BYTES)


def machine_memory() -> int:
    """Return the machine's memory in bytes, or the lowest limit of a cgroup that this process is in."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([total, *_cgroup_limits()])


def _cgroup_limits() -> Iterator[int]:
    """Yield the limits of this process's memory cgroups, version 2 and 1, and of their parents."""
    try:
        lines = OWN_CGROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield from _limits_along(CGROUPS, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits_along(CGROUPS / "memory", path, "memory.limit_in_bytes")


def _limits_along(root: Path, path: str, name: str) -> Iterator[int]:
    """Yield the limits in files `name` from `root`/`path` up to `root`; in a container only some of the folders are seen."""
    folder = root / path.lstrip("/")
    while True:
        try:
            text = (folder / name).read_text(encoding="utf-8").strip()
        except OSError:
            text = ""
        if text.isdigit():  # else "max", or no such file
            yield int(text)
        if folder == root or root not in folder.parents:
            return
        folder = folder.parent

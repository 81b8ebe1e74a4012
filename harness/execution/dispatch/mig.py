"""The slices of partitioned GPUs (NVIDIA's MIG): a process sees one of them, and Ray counts the GPU as one device."""

from __future__ import annotations

import re
import subprocess

LIST_SECONDS = 20.0

DEVICE = re.compile(r"\(UUID: ((?:GPU|MIG)-[\w/-]+)\)")


def slices() -> list[str]:
    """Return the ids of this machine's devices where one of its GPUs is partitioned: of its slices, and of whole GPUs.

    Empty where none is, so that nothing need be changed.
    """
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=LIST_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parsed(done.stdout)


def parsed(listing: str) -> list[str]:
    """Return `slices` of what ``nvidia-smi -L`` printed.

    >>> parsed("GPU 0: A100 (UUID: GPU-1a)\\n  MIG 1g.5gb Device 0: (UUID: MIG-2b)\\n  MIG 1g.5gb Device 1: (UUID: MIG-3c)")
    ['MIG-2b', 'MIG-3c']
    >>> parsed("GPU 0: A100 (UUID: GPU-1a)")
    []
    """
    devices: list[str] = []
    whole = ""
    for name in DEVICE.findall(listing):
        if name.startswith("GPU-"):
            devices += [whole] if whole else []
            whole = name
        else:
            whole = ""
            devices.append(name)
    devices += [whole] if whole else []
    return devices if any(name.startswith("MIG-") for name in devices) else []

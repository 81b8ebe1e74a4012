"""What a worker says of its node before its first trial: versions, type of machine, and whether the device computes."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Sequence
from functools import cache
from typing import Any

from harness.records import PROTOCOL_VERSION
from harness.registry import ROOT, library_versions

PACKAGES = ("harness", "submissions", "workloads")
"""What a trial's outcome depends on, of what comes with timetrial."""


def node_facts(device: str, libraries: Sequence[str] | None) -> dict[str, Any]:
    """Return the facts as JSON types.

    Args:
        device: on which trials will train; it is tried.
        libraries: whose versions are asked for; None asks for nothing but whether the device computes.
    """
    import torch

    from harness.execution.environment import describe
    from harness.trial.arranged import arrange_process
    from harness.trial.process.accelerator import why_unusable

    broken = ""
    if device != "cpu":
        arrange_process(torch.device(device))  # its libraries read this when they are first used
        broken = why_unusable(torch.device(device))
    if broken or libraries is None:
        return {"broken": broken, "host": socket.gethostname()}
    about = describe(device, 1)
    return {
        "broken": "",
        "host": socket.gethostname(),
        "protocol": PROTOCOL_VERSION,
        "source": own_source(),
        "timetrial": about["timetrial"],
        "machine_type": about["machine_type"],
        "libraries": library_versions(frozenset(libraries)),
    }


@cache
def own_source() -> str:
    """Return the SHA-256 of the source and data files of the packages here."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        files = (path for suffix in ("*.py", "*.json") for path in (ROOT / package).rglob(suffix))
        for path in sorted(files, key=lambda path: path.relative_to(ROOT).as_posix()):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()

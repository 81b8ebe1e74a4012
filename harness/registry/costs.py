"""What a training example of a workload costs, as a file beside the workload's module states it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from harness.contracts.workloads import Workload, targets_file

COSTS = "costs.json"
"""File of counted costs: {workload: {size: {"flops": per example, "variants": {variant: per example}}}}."""


def flops_per_example(workload: Workload) -> float | None:
    """Return the floating-point operations of forward and backward pass of one training example; None if none were counted."""
    try:
        entry = _content(targets_file(type(workload)).with_name(COSTS))[workload.name][workload.size_name]
        value = entry["variants"][workload.variant] if workload.variant else entry["flops"]
        return float(value)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@cache
def _content(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))

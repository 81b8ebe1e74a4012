"""What a trial costs on a device: measured on records of that kind of device, else guessed from counted operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from harness.contracts.errors import BadInput
from harness.forecast.device_time import CORE, STATED, Device
from harness.records import TrialRecord, TrialSpec
from harness.registry import find_workload
from harness.registry.costs import flops_per_example
from harness.rules import RULESETS

ASSUMED_SECONDS = 1.5
"""CPU seconds assumed for a trial over a small workload's budget if there are no records: what these were designed for."""

SMALL = ("smoke", "laptop")
"""Sizes that were designed for a CPU core."""

GPU_PRECISION = "bfloat16"
"""Precision of the sizes that are for a GPU; on a CPU each of their trials takes days."""


@cache
def _facts(name: str, size: str, variant: str) -> tuple[str, int, float | None]:
    """Return precision, batch size and operations per example of a workload."""
    workload = find_workload(name, size, variant)
    return workload.size.precision, workload.size.batch_size, flops_per_example(workload)


def is_for_gpu(spec: TrialSpec) -> bool:
    """Return whether a trial's workload has a size for a GPU."""
    try:
        return _facts(spec.workload, spec.size, spec.variant)[0] == GPU_PRECISION
    except BadInput:
        return False


@dataclass
class Prices:
    """The seconds of trials on one kind of device.

    Args:
        device: on which the trials would run.
        measured: {workload and size: seconds per charged example} of records on that kind of device.

    Attributes:
        bases: on what the prices that were asked for rest, in words.
    """

    device: Device
    measured: Mapping[tuple[str, str], float] = field(default_factory=dict)
    bases: set[str] = field(default_factory=set)

    def seconds(self, spec: TrialSpec) -> float | None:
        """Return about how many seconds a trial takes, evaluations not counted where nothing was measured; None if unknown."""
        own = self.measured.get((spec.workload_label, spec.size))
        if own is not None:
            self.bases.add("measured on records in this directory")
            return spec.horizon * own
        if self.device is CORE and spec.size in SMALL:
            self.bases.add(f"assuming {ASSUMED_SECONDS} s per workload's budget")
            return ASSUMED_SECONDS * RULESETS[spec.track].budget * spec.horizon / spec.budget
        precision, batch_size, flops = _facts(spec.workload, spec.size, spec.variant)
        if flops is None:
            self.bases.add("nothing is known of some workloads, which are left out")
            return None
        self.bases.add(self.device.words(precision))
        return spec.horizon / batch_size * self.device.step_seconds(flops * batch_size, precision)


def measured_seconds(records: Iterable[TrialRecord], device: Device) -> dict[tuple[str, str], float]:
    """Return mean seconds per charged example, set-up and evaluation included, of the records of one kind of device.

    Records of a CPU say nothing about a GPU, and the other way round; nor do those of another GPU.
    """
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    examples: dict[tuple[str, str], float] = defaultdict(float)
    for record in records:
        ran_on = str(record.environment.get("device", "cpu")).partition(":")[0]
        own = (ran_on == "cpu") if device is CORE else device.name in str(record.environment.get("gpu", ""))
        if own and record.clocks.get("examples"):
            key = record.spec.workload_label, record.spec.size
            seconds[key] += record.total_seconds
            examples[key] += record.clocks["examples"]
    return {key: seconds[key] / examples[key] for key in seconds}


def stated_seconds(spec: TrialSpec) -> float:
    """Return about how many seconds a trial takes on the GPU for which costs are stated; 0 if unknown."""
    return Prices(STATED).seconds(spec) or 0.0

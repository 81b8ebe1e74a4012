"""How long a device takes for counted floating-point operations: a guess for where nothing was measured."""

from __future__ import annotations

from dataclasses import dataclass

SHARE = 0.25
"""Of the peak rate that its maker states, a device is taken to reach this much in training."""

LEAST_STEP = 0.004
"""Seconds that a step takes at least on an accelerator: its kernels are launched one by one, however little each computes."""


@dataclass(frozen=True)
class Device:
    """A device and its peak rates, dense, as its maker states them.

    Attributes:
        name: part of the name that torch reports.
        float32: operations per second in float32, without TF32.
        bfloat16: the same of products in bfloat16.
    """

    name: str
    float32: float
    bfloat16: float

    def step_seconds(self, operations: float, precision: str) -> float:
        """Return about how many seconds a training step of so many operations takes."""
        peak = self.bfloat16 if precision == "bfloat16" else self.float32
        return max(operations / (SHARE * peak), LEAST_STEP if self is not CORE else 0.0)

    def words(self, precision: str) -> str:
        """Return on what a guess rests."""
        peak = self.bfloat16 if precision == "bfloat16" else self.float32
        least = "" if self is CORE else f", at least {LEAST_STEP * 1000:g} ms per step"
        return f"counted FLOPs over {SHARE:.0%} of {peak / 1e12:g} TFLOP/s{least}"


CORE = Device("a CPU core", 80e9, 80e9)
"""A core with AVX2: two units of 8 numbers, a multiplication and an addition each, at 2.5 GHz."""

DEVICES = (
    Device("B200", 75e12, 2250e12),
    Device("H200", 67e12, 989e12),
    Device("H100", 67e12, 989e12),
    Device("L40S", 91.6e12, 362e12),
    Device("A100", 19.5e12, 312e12),
    Device("L4", 30.3e12, 121e12),
    Device("A10", 31.2e12, 125e12),
    Device("4090", 82.6e12, 165e12),
    Device("3090", 35.6e12, 71e12),
    Device("V100", 15.7e12, 15.7e12),
    Device("T4", 8.1e12, 8.1e12),
    Device("MI300X", 163e12, 1307e12),
    Device("MI250X", 47.9e12, 383e12),
)
"""GPUs by part of their name, the longer names first where one contains another; NVIDIA's and AMD's data sheets."""

STATED = next(device for device in DEVICES if device.name == "A100")
"""The GPU for which costs are stated where there is none, or one that is not in the list."""


def device_named(name: str) -> Device:
    """Return the device whose name is part of `name`, else `STATED`."""
    return next((device for device in DEVICES if device.name in name), STATED)

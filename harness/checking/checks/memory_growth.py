"""Whether the memory in use grows with every step."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable

from harness.checking.checks.bench import Bench, Training
from harness.checking.checks.outcome import Outcome, failed, left_out, ok

STEPS, SECONDS = 400, 3.0
"""So many steps, or as many as take so many CPU seconds; the first half may fill buffers."""

LEAST_STEPS = 40

MOST_BYTES = 4096
"""Bytes that each step may add: a list of numbers does, the graph of a loss adds more on the smallest model."""


def check_memory(bench: Bench) -> Outcome:
    """Count the bytes in use after half of the steps, and at the end."""
    in_use = allocated_bytes()
    if in_use is None:
        return left_out("this system's C library does not count its memory (mallinfo2)")
    half = bench.affordable(STEPS, SECONDS) // 2
    if 2 * half < LEAST_STEPS:
        return left_out(f"a step takes {bench.seconds_per_step:.2g} s, too long for {LEAST_STEPS} of them")
    training = Training(bench)
    training.steps(half)
    gc.collect()
    before = in_use()
    training.steps(half)
    gc.collect()
    per_step = (in_use() - before) / half
    if per_step > MOST_BYTES:
        return failed(
            f"{per_step / 1000:.1f} kB more are in use after every step (steps {half} to {2 * half})",
            "keep numbers and not losses with their graphs (loss.item(), loss.detach()), and bound what grows",
        )
    return ok(f"{max(per_step, 0):.0f} bytes more per step (steps {half} to {2 * half})")


class _MallInfo(ctypes.Structure):
    """What glibc's `mallinfo2` returns, since its version 2.33."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def allocated_bytes() -> Callable[[], int] | None:
    """Return a function that returns the bytes in use; None where the C library counts none."""
    counted = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if counted is None:
        return None
    counted.restype = _MallInfo

    def in_use() -> int:
        info = counted()
        return int(info.uordblks + info.hblkhd)

    return in_use

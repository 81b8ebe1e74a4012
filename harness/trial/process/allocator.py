"""Keeps freed memory in the process while trials run, so that a training step gets the pages of the one before it."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`."""

LARGEST_BLOCK = 2**30
"""Blocks of up to so many bytes come from the heap; by default larger ones than 32 MiB, and at first than 128 KiB, do not."""

LARGEST_HEAP = 2**31 - 1
"""The heap is given back to the system only where more than this is free at its end."""


def keep_freed_memory() -> bool:
    """Let the C library keep what is freed, for the blocks that are asked for next; return whether it does.

    Otherwise glibc asks the system for the pages of large tensors again in every step, and the system clears each of them: up
    to 4 % of the CPU seconds of an evaluation (docs/performance.md). After a trial that took much, `MemoryKept` gives it back.
    Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)) and bool(mallopt(M_TRIM_THRESHOLD, LARGEST_HEAP))

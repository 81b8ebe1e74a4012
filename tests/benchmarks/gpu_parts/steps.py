"""What a training step takes on a device: milliseconds, kernels, waits; compiled; and by where its data lie."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from harness.registry import find_submission
from harness.trial.arranged import arrange
from harness.trial.process.accelerator import is_accelerator
from harness.trial.process.guard import restored
from harness.trial.setup import Prepared, prepare, start_algorithm
from tests.benchmarks.gpu_parts.trials import loaded, short_spec

FIRST, STEPS, BLOCKS = 10, 20, 5
"""Steps before the clock, steps per block, blocks; the median block counts."""

Step = Callable[[], None]


def stepper(name: str, size: str, device: str, *, resident: bool = True, prefetch: bool = True) -> tuple[Step, Prepared]:
    """Return a function that takes a training step as in a trial, and what it trains."""
    workload, data = loaded(name, size)
    workload.size = replace(workload.size, resident=resident)
    spec = short_spec(name, size)
    ready = prepare(spec, workload, data, torch.device(device))
    if not prefetch:
        vars(ready.task)["_reader"] = None
    algorithm = start_algorithm(find_submission("constant"), ready.task, spec, workload)

    def step() -> None:
        algorithm.update(algorithm.select())
        ready.meter.end_step()

    return step, ready


def milliseconds(step: Step, device: str) -> float:
    """Return the median milliseconds of a step, waited for at the end of each block."""
    for _ in range(FIRST):
        step()
    blocks = []
    for _ in range(BLOCKS):
        _wait(device)
        started = time.perf_counter()
        for _ in range(STEPS):
            step()
        _wait(device)
        blocks.append((time.perf_counter() - started) / STEPS)
    return round(1000 * statistics.median(blocks), 4)


def counted(name: str, size: str, device: str) -> dict[str, Any]:
    """Return milliseconds, kernels and waits of a step."""
    with restored(torch.device(device)):
        arrange(torch.device(device))
        step, ready = stepper(name, size, device)
        found: dict[str, Any] = {"ms": milliseconds(step, device)}
        if is_accelerator(torch.device(device)):
            found |= {"kernels": _kernels(step, device), "waits": _waits(step)}
        ready.task.close()
    return found


def _kernels(step: Step, device: str) -> float:
    """Return how many kernels a step launches."""
    kinds = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=kinds) as profile:
        for _ in range(STEPS):
            step()
        _wait(device)
    return sum(event.count for event in profile.key_averages()) / STEPS


def _waits(step: Step) -> float:
    """Return how often a step waits for the device, as torch notices it."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        for _ in range(STEPS):
            step()
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(each.message) for each in seen) / STEPS


def loading(name: str, size: str, device: str) -> dict[str, float]:
    """Return the milliseconds of a step with the data on the device, on the host, and on the host and read ahead."""
    found = {}
    for how, options in (
        ("resident", {}),
        ("host", {"resident": False, "prefetch": False}),
        ("host, read ahead and pinned", {"resident": False}),
    ):
        step, ready = stepper(name, size, device, **options)
        found[how] = milliseconds(step, device)
        ready.task.close()
    workload, _ = loaded(name, size)
    workload.size = replace(workload.size, resident=True)
    return found


def compiled(name: str, size: str, device: str) -> dict[str, Any]:
    """Return the milliseconds of a step as it is, compiled by Inductor, and with a CUDA graph."""
    found: dict[str, Any] = {}
    modes: Mapping[str, str | None] = {"eager": None, "inductor": "default"}
    if is_accelerator(torch.device(device)):
        modes = {**modes, "CUDA graph": "reduce-overhead"}
    for how, mode in modes.items():
        step, ready = stepper(name, size, device)
        if mode is not None:
            ready.task.model.compile(mode=mode)
        started = time.perf_counter()
        try:
            step()
            _wait(device)
            found[how] = {"first_step_seconds": round(time.perf_counter() - started, 2), "ms": milliseconds(step, device)}
        except Exception as error:  # noqa: BLE001  one mode that does not work says nothing about the others
            found[how] = {"failed": f"{type(error).__name__}: {str(error)[:200]}"}
        ready.task.close()
    return found


def _wait(device: str) -> None:
    if is_accelerator(torch.device(device)):
        torch.accelerator.synchronize(torch.device(device))

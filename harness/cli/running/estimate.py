"""`timetrial run --dry-run`: the trials of a plan and what they cost."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from harness.cli.app import plain_line
from harness.cli.left_out import print_left_out
from harness.cli.lines import say
from harness.cli.running.prices import Prices, is_for_gpu, measured_seconds, stated_seconds
from harness.execution.devices import cluster_address
from harness.execution.dispatch.capacity import CannotStart, Wanted
from harness.execution.evidence import reusable
from harness.execution.settings import Settings
from harness.forecast.device_time import CORE, STATED, Device, device_named
from harness.plan import Plan
from harness.records import TrialSpec
from harness.results import ResultStore

DRIVERS = ("/dev/nvidiactl", "/dev/kfd")
"""Files of the drivers of NVIDIA's and AMD's GPUs: where there are none, torch need not be loaded to look for a GPU."""


def print_estimate(plan: Plan, results: Path, settings: Settings) -> None:
    """Print each trial that would run, and an estimate of the time on this machine, or on the cluster that a run would join.

    Args:
        plan: the trials.
        results: directory of records, which are not run again, and on which times are measured.
        settings: of the run.
    """
    store = ResultStore(results)
    records = list(store.records())
    print_left_out(store.damaged, partial(print, file=sys.stderr))
    planned = {spec.id for spec in plan.trials}
    recorded = reusable((record for record in records if record.spec.id in planned), plan, settings)
    waiting = [spec for spec in plan.trials if spec.id not in recorded]
    if not waiting:
        say(f"0 trials to run ({len(plan.trials)} recorded already): without --dry-run the leaderboard is written from them")
        return
    for line in _table(waiting):
        print(line)
    kind, count = _devices(settings)
    prices = Prices(kind, measured_seconds(records, kind))
    gpu_sized = [spec for spec in waiting if kind is CORE and is_for_gpu(spec)]
    rest = [spec for spec in waiting if spec not in gpu_sized] if gpu_sized else waiting
    total = sum(prices.seconds(spec) or 0.0 for spec in rest)
    bound, less = ("at most", ", before pruning") if settings.prune else ("about", "")
    basis = "; ".join(sorted(prices.bases))
    unit = "CPU seconds" if kind is CORE else f"seconds of {kind.name}"
    say(
        f"{len(waiting)} trials to run ({len(plan.trials) - len(waiting)} recorded already): {bound} {total:.0f} {unit}, "
        f"{total / count / 60:.1f} minutes with {count} workers{less} ({basis})"
    )
    if gpu_sized:
        say(_for_gpu(gpu_sized, kind))


def _for_gpu(specs: Sequence[TrialSpec], kind: Device) -> str:
    """Return what trials cost that are for a GPU, where there is none."""
    hours = sum(map(stated_seconds, specs)) / 3600
    here = sum(Prices(kind).seconds(spec) or 0.0 for spec in specs) / 86_400
    names = ", ".join(sorted({spec.workload_label for spec in specs}))
    return (
        f"{len(specs)} of them ({names}) are for a GPU and not in these seconds: about {hours:.1f} hours on one {STATED.name} "
        f"({STATED.words('bfloat16')}), about {here:.0f} days of a CPU core"
    )


def _devices(settings: Settings) -> tuple[Device, int]:
    """Return the kind of device on which trials would run, and how many at a time: the cluster says it, if it can be asked."""
    if address := cluster_address(settings):
        from harness.execution.dispatch.inquiry import offer_of

        try:
            offer = offer_of(address, Wanted(settings.workers, settings.device, settings.per_device))
        except CannotStart as error:
            say(plain_line(f"{error}: what follows is priced for this machine"))
        else:
            say(plain_line(offer.capacity.words(address)))
            return (CORE if offer.capacity.device == "cpu" else _gpu(offer.gpu)), offer.capacity.workers
    kind, offered = _device(settings.device)
    return kind, settings.workers or offered


def _device(device: str) -> tuple[Device, int]:
    """Return the kind of device on which trials of this machine would run, and how many of them there are."""
    if device != "cpu" and any(map(os.path.exists, DRIVERS)):
        import torch

        if torch.cuda.is_available():
            return _gpu(torch.cuda.get_device_name()), torch.cuda.device_count()
    if device == "cuda":
        return STATED, 1
    return CORE, os.cpu_count() or 1


def _gpu(name: str) -> Device:
    """Return the kind of a GPU, and say so where its rates are not known."""
    device = device_named(name)
    if device.name not in name:
        what = f"the GPU '{name}'" if name else "GPUs whose type Ray does not name"
        say(plain_line(f"no rates are stated here for {what}: priced as one {device.name}"))
    return device


def _table(specs: Sequence[TrialSpec]) -> Iterator[str]:
    """Yield a head and a line per trial; the columns of names are as wide as the longest name."""
    workloads = max(len("workload"), *(len(spec.workload_label) for spec in specs))
    names = max(len("submission"), *(len(spec.submission) for spec in specs))
    yield f"study  trial  {'workload':<{workloads}}  {'submission':<{names}}  horizon/budget  hyperparameters"
    for spec in specs:
        cells = f"{spec.study:5d}  {spec.trial:5d}  {spec.workload_label:<{workloads}}  {spec.submission:<{names}}"
        yield f"{cells}  {spec.horizon / spec.budget:14.3f}  {_values(spec)}"


def _values(spec: TrialSpec) -> str:
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}" for name, value in spec.hyperparameters.items()
    )

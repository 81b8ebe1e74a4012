"""Short trials: whether one gives the same bits again, and what many of them leave in one process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from harness.canonical import stable_hash
from harness.contracts.workloads import Workload
from harness.execution.settings import Settings
from harness.execution.worker import work
from harness.plan import Request, make_plan
from harness.records import TrialRecord, TrialSpec
from harness.registry import find_submission, find_workload
from harness.trial.arranged import arrange_process
from harness.trial.loop import TrialSettings, run_trial
from harness.trial.process.accelerator import is_accelerator
from harness.trial.process.memory_limit import resident_bytes
from workloads.data import data_directory

SEVEN = (
    *("fashion_mnist_mlp", "fashion_mnist_resnet", "shakespeare_lm", "census_dlrm"),
    *("speech_conformer", "speech_lstm", "g2p_transformer"),
)
"""Workloads of the laptop suite, one per kind of kernel."""

PART_OF_BUDGET = 8
"""A trial trains for a budget divided by this: bits differ early or not at all."""


@cache
def loaded(name: str, size: str) -> tuple[Workload, Mapping[str, Any]]:
    """Return a workload and its data."""
    workload = find_workload(name, size)
    return workload, workload.load(data_directory())


def short_spec(name: str, size: str = "laptop") -> TrialSpec:
    """Return a trial of `cosine` whose horizon is a part of the budget."""
    spec = make_plan(Request(suite=size, workloads=(name,), submissions=("cosine",), studies=1, trials=1)).trials[-1]
    periods = max(1, spec.budget // PART_OF_BUDGET // spec.evaluation_period)
    return replace(spec, horizon=periods * spec.evaluation_period, evaluation_points=())


def short_trial(name: str, size: str, device: str, *, deterministic: bool = True) -> TrialRecord:
    """Run a short trial in this process and return its record."""
    workload, data = loaded(name, size)
    settings = TrialSettings(device=device, deterministic=deterministic)
    return run_trial(short_spec(name, size), workload, find_submission("cosine"), data, settings).record


def digest(record: TrialRecord) -> str:
    """Return a hash of how a trial ended and of all its evaluations, without seconds."""
    evaluations = [{name: value for name, value in each.items() if name != "seconds"} for each in record.evaluations]
    return stable_hash(str(record.status), evaluations)[:16]


def digests(cases: Sequence[tuple[str, str]], device: str, *, deterministic: bool) -> dict[str, list[Any]]:
    """Return {workload: [digest, training seconds, status]} of a short trial of each."""
    arrange_process(torch.device(device))
    records = {name: short_trial(name, size, device, deterministic=deterministic) for name, size in cases}
    return {name: [digest(r), r.clocks.get("seconds", 0.0), str(r.status)] for name, r in records.items()}


def elsewhere(cases: Sequence[tuple[str, str]], device: str, *, deterministic: bool) -> dict[str, list[Any]]:
    """Return `digests` of another process."""
    arguments = json.dumps([list(map(list, cases)), device, deterministic])
    command = [sys.executable, "-m", "tests.benchmarks.gpu_parts.trials", arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
    found: dict[str, list[Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def twice(cases: Sequence[tuple[str, str]], device: str, *, deterministic: bool) -> dict[str, Any]:
    """Return for each workload whether the bits are the same in one process, and in two, and the seconds of both trials."""
    first = digests(cases, device, deterministic=deterministic)
    again = digests(cases, device, deterministic=deterministic)
    other = elsewhere(cases, device, deterministic=deterministic)
    return {
        name: {
            "status": first[name][2],
            "same_in_one_process": first[name][0] == again[name][0],
            "same_in_two_processes": first[name][0] == other[name][0],
            "first_seconds": first[name][1],
            "second_seconds": again[name][1],
        }
        for name, _ in cases
    }


def many(count: int, name: str, size: str, device: str) -> dict[str, Any]:
    """Return what `count` trials in one worker take and leave: training seconds, resident and reserved bytes after each."""
    settings = Settings(executor="inline", data_directory=data_directory(), device=device)
    spec, rows = short_spec(name, size), []
    for _ in range(count):
        result, replaced = work(spec, settings, lambda: None, own_process=False)
        reserved = torch.accelerator.memory_reserved() if is_accelerator(torch.device(device)) else 0
        seconds = result.record.clocks.get("seconds", 0.0)
        rows.append([str(result.record.status), seconds, resident_bytes() or 0, reserved, replaced])
    seconds = [row[1] for row in rows]
    return {
        "workload": name,
        "trials": count,
        "statuses": sorted({row[0] for row in rows}),
        "first_seconds": seconds[0],
        "later_seconds": sorted(seconds[1:])[len(seconds[1:]) // 2],
        "resident_growth": rows[-1][2] - rows[0][2],
        "reserved_after_each": [row[3] for row in rows],
        "to_be_replaced": sorted({row[4] for row in rows if row[4]}),
    }


if __name__ == "__main__":
    given, on, flag = json.loads(sys.argv[1])
    print(json.dumps(digests([(name, size) for name, size in given], on, deterministic=flag)))

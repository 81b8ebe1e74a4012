"""What a step costs against AdamW's."""

from __future__ import annotations

import statistics
import time

from harness.checking.checks.bench import Bench, Training, bench_of
from harness.checking.checks.outcome import Outcome, ok

BASE = "adamw"
BLOCK, ROUNDS, SECONDS = 20, 7, 1.5
"""Blocks of so many steps are taken in turn, in so many rounds, or in as many as take so long."""

COSTLY = 10.0
"""From this ratio on the outcome says where it counts."""


def check_cost(bench: Bench, data_directory: str) -> Outcome:
    """Time blocks of steps in turn with AdamW's; never a failure, since it depends on the machine."""
    own, base = Training(bench), Training(bench_of(BASE, data_directory))
    block = bench.affordable(BLOCK, SECONDS / ROUNDS)
    ratios, milliseconds = [], []
    for training in (own, base):
        training.steps(2)
    for _ in range(ROUNDS):
        seconds = [_cpu_seconds(training, block) for training in (own, base)]
        ratios.append(seconds[0] / seconds[1])
        milliseconds.append(1000 * seconds[0])
    ratio = statistics.median(ratios)
    found = f"{ratio:.1f} times AdamW's CPU time per charged example ({statistics.median(milliseconds):.3g} ms)"
    costly = "; boards on the clock 'examples' do not show it, those on 'seconds' do (--clock seconds)"
    return ok(found + (costly if ratio > COSTLY else ""))


def _cpu_seconds(training: Training, steps: int) -> float:
    """Return the CPU seconds per reference batch that is charged, over some steps."""
    charged, began = training.meter.examples, time.thread_time()
    training.steps(steps)
    taken = time.thread_time() - began
    return taken * training.task.batch_size / max(training.meter.examples - charged, 1.0)

"""A submission that trains the smoke workload step by step, outside of a trial, so that checks can look at it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from harness.canonical import stable_seed
from harness.contracts.schedules import Schedule
from harness.contracts.workloads import Workload
from harness.plan import Request, make_plan
from harness.records import TrialSpec
from harness.registry import Submission
from harness.trial.batches import IndexStream
from harness.trial.meter import Meter
from harness.trial.process.pending import raise_pending
from harness.trial.setup import check_untrained, listened, no_gradients_of, prepare, start_algorithm
from harness.trial.signals import Signals

STEPS = 1000
"""Length of the trial that checks take their steps of, without warm-up; none reaches its end."""

FIRST = 5
"""Steps by which the pace of a submission is measured."""

CPU = torch.device("cpu")


class NotFinite(Exception):
    """The loss is not finite any more, so that there is nothing to compare; the text says at which step."""


class Training:
    """A submission that trains, one step at a time, as `harness.trial.loop` lets it.

    Args:
        bench: what trains, and on what.
        order: which data order and task.generator; 0 is the trial's own.
        meter: made of the device; counts what is charged.
    """

    def __init__(self, bench: Bench, *, order: int = 0, meter: Callable[[torch.device], Meter] = Meter) -> None:
        spec, workload = bench.spec, bench.workload
        ready = prepare(spec, workload, bench.data, CPU)
        self.meter, self.task = meter(CPU), ready.task
        vars(self.task)["_meter"] = self.meter
        if order:
            vars(self.task)["_stream"] = IndexStream(self.task.train_size, stable_seed(spec.seed, "order", order))
            self.task.generator.manual_seed(stable_seed(spec.seed, "choices", order))  # by which it may choose batches itself
        names = listened(bench.submission)
        with no_gradients_of(self.task.model):  # all of it as `harness.trial.loop` does
            self.algorithm = start_algorithm(bench.submission, self.task, spec, workload)
            self._signals = Signals(names, self.task, self.meter, self.algorithm) if names else None
            check_untrained(replace(ready, meter=self.meter))

    def steps(self, count: int) -> None:
        """Take steps.

        Raises:
            NotFinite: the loss of one is not finite.
        """
        for _ in range(count):
            self.algorithm.update(self.algorithm.select())
            raise_pending()
            if not self.meter.end_step():
                raise NotFinite(f"the loss is not finite at step {self.meter.steps}")
            if self._signals is not None:
                self.algorithm.observe(self._signals.of_step())

    def weights(self) -> dict[str, Tensor]:
        """Return copies of the model's parameters and buffers."""
        return {name: value.detach().clone() for name, value in self.task.model.state_dict().items()}

    def take_over(self, other: Training) -> None:
        """Continue where another one is: what the harness holds is copied, and its algorithm's state by `state_dict`."""
        with torch.no_grad():
            values = (training.task.model.state_dict().values() for training in (self, other))
            for mine, copied in zip(*values, strict=True):
                mine.copy_(copied)
        self.algorithm.load_state_dict(copy.deepcopy(other.algorithm.state_dict()))
        self.meter.charge(other.meter.thirds - self.meter.thirds, 1)
        self.task.generator.set_state(other.task.generator.get_state())
        stream = copy.deepcopy(other.task._stream)
        stream._order = stream._order.clone()  # torch counts a deep copy as a change in place
        vars(self.task)["_stream"] = stream
        own, theirs = (training._signals and training._signals._descent for training in (self, other))
        if own and theirs:  # what the harness has measured so far
            own._previous, own._last_step = list(theirs._previous), list(theirs._last_step)


@dataclass(frozen=True)
class Bench:
    """What checks look at.

    Attributes:
        submission: whose plug-ins are checked.
        workload: the smoke workload.
        data: of the workload, {part: {name: tensor}}.
        spec: of a trial of `STEPS` steps without warm-up.
    """

    submission: Submission
    workload: Workload
    data: Mapping[str, Mapping[str, Tensor]]
    spec: TrialSpec

    @property
    def pure_schedule(self) -> Schedule | None:
        """The submission's schedule if that is a function, else None."""
        schedule = self.submission.schedule
        return None if schedule is None or schedule.closed_loop else schedule

    @property
    def seconds_per_step(self) -> float:
        """CPU seconds that a step takes here; measured once."""
        if "_pace" not in vars(self):
            training = Training(self)
            training.steps(1)
            began = time.thread_time()
            training.steps(FIRST)
            vars(self)["_pace"] = (time.thread_time() - began) / FIRST
        pace: float = vars(self)["_pace"]
        return pace

    def affordable(self, most: int, seconds: float) -> int:
        """Return how many steps take no longer than so many CPU seconds, at most `most` and at least 2."""
        return max(2, min(most, int(seconds / max(self.seconds_per_step, 1e-6))))


@lru_cache(maxsize=4)
def bench_of(name: str, data_directory: str) -> Bench:
    """Return the bench of a submission; this process then trains on one thread.

    Raises:
        BadInput: there is no such submission.
    """
    torch.set_num_threads(1)
    plan = make_plan(Request(suite="smoke", submissions=(name,), studies=1, trials=1))
    spec = plan.trials[0]
    workload = plan.workloads[spec.workload_label]
    length = STEPS * workload.size.batch_size
    spec = replace(spec, budget=length, horizon=length, warmup=0, evaluation_points=())
    return Bench(plan.submissions[spec.submission], workload, workload.load(Path(data_directory)), spec)


def differing(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> list[str]:
    """Return the names of the tensors whose bits differ."""
    return [name for name, value in one.items() if value.numpy().tobytes() != other[name].numpy().tobytes()]

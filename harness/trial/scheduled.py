"""OPTIMIZER+SCHEDULE as a training algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contracts.algorithms import Batch, Task, TrainingAlgorithm
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Feedback, Schedule, checked_multiplier
from harness.contracts.spaces import Hyperparameters


class Scheduled(TrainingAlgorithm):
    """An optimizer whose learning rate follows a schedule after the harness's linear warm-up.

    The learning rate of a step is set before its update. In step t of a warm-up of W steps the multiplier is (t+1)/W of
    the schedule's first value. The schedule counts steps after warm-up: charged examples over the reference batch size.

    Args:
        task: of the trial.
        hyperparameters: of the optimizer, `learning_rate` the peak.
        recipe: builds the optimizer.
        schedule: gives the multipliers after warm-up; None is the constant 1.
        schedule_hyperparameters: of the schedule, where they differ from its defaults.
    """

    defaults = {"learning_rate": 1e-3}

    def __init__(
        self,
        task: Task,
        hyperparameters: Hyperparameters,
        *,
        recipe: Optimizer,
        schedule: Schedule | None,
        schedule_hyperparameters: Mapping[str, Any],
    ) -> None:
        super().__init__(task, hyperparameters)
        self._optimizer = recipe(task.model, hyperparameters)
        self._peaks = [group["lr"] for group in self._optimizer.param_groups]
        self._schedule = schedule
        self._warmup = task.warmup / task.batch_size
        self._rate = 0.0
        self._table: list[float] = []
        if schedule is None:
            return
        horizon = (task.horizon - task.warmup) / task.batch_size
        self._started = schedule.start(
            horizon=horizon, warmup=self._warmup, batch_size=task.batch_size, hyperparameters=schedule_hyperparameters
        )
        if not schedule.closed_loop:  # a pure schedule: all multipliers at the reference batch size are known beforehand
            self._table = [self._multiplier(step) for step in range(round(task.horizon / task.batch_size))]

    def update(self, batch: Batch) -> None:
        """Set the learning rate of this step, then take the step."""
        step = self.task.step
        table = self._table
        index = int(step)
        multiplier = table[index] if index == step and index < len(table) else self._multiplier(step)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * multiplier
        self._rate = self._peaks[0] * multiplier
        self._optimizer.zero_grad()
        self.task.loss(batch).backward()
        self._optimizer.step()

    def observe(self, feedback: Feedback) -> None:
        """Pass the signals on to a closed-loop schedule."""
        self._started.observe(feedback)

    def learning_rate(self) -> float:
        """Return the learning rate of the last step."""
        return self._rate

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer and of a closed-loop schedule."""
        loop = dict(vars(self._started)) if self._schedule and self._schedule.closed_loop else {}
        return {"optimizer": self._optimizer.state_dict(), "loop": loop}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a state that `state_dict` returned."""
        self._optimizer.load_state_dict(state["optimizer"])
        if self._schedule and self._schedule.closed_loop:
            vars(self._started).update(state["loop"])

    def _multiplier(self, step: float) -> float:
        after = step - self._warmup
        if self._schedule is None:
            return 1.0 if after >= 0 else (step + 1) / self._warmup
        value = checked_multiplier(self._schedule, self._started.multiplier(max(after, 0.0)), after)
        return value if after >= 0 else value * min((step + 1) / self._warmup, 1.0)

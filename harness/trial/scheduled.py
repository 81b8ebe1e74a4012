"""OPTIMIZER+SCHEDULE as a training algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contracts import Batch, Feedback, Hyperparameters, Optimizer, Schedule, Task, TrainingAlgorithm, checked_multiplier


class Scheduled(TrainingAlgorithm):
    """An optimizer whose learning rate follows a schedule after the harness's linear warm-up.

    The multiplier is written before the update of the same step. During warm-up of W steps it is (t+1)/W of the
    schedule's first value. The schedule sees steps after warm-up: examples over the reference batch size.
    """

    defaults = {"learning_rate": 1e-3}

    def __init__(
        self,
        task: Task,
        hyperparameters: Hyperparameters,
        *,
        recipe: Optimizer,
        shape: Schedule | None,
        settings: Mapping[str, Any],
    ) -> None:
        super().__init__(task, hyperparameters)
        self._optimizer = recipe(task.model, hyperparameters)
        self._peaks = [group["lr"] for group in self._optimizer.param_groups]
        self._shape = shape
        self._warmup = task.warmup / task.batch_size
        self._rate = 0.0
        self._table: list[float] = []
        if shape is None:
            return
        horizon = (task.horizon - task.warmup) / task.batch_size
        self._live = shape.start(horizon=horizon, warmup=self._warmup, batch_size=task.batch_size, hyperparameters=settings)
        if not shape.closed_loop:  # pure: all multipliers of a run at the reference batch size are known beforehand
            self._table = [self._multiplier(step) for step in range(round(task.horizon / task.batch_size))]

    def update(self, batch: Batch) -> None:
        """Set the learning rate of this step, then take it."""
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
        """Pass on what a closed loop listens to."""
        self._live.observe(feedback)

    def learning_rate(self) -> float:
        """Return the learning rate of the last step."""
        return self._rate

    def state_dict(self) -> dict[str, Any]:
        """Return the optimizer's state and a closed loop's."""
        loop = dict(vars(self._live)) if self._shape and self._shape.closed_loop else {}
        return {"optimizer": self._optimizer.state_dict(), "loop": loop}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state that `state_dict` returned."""
        self._optimizer.load_state_dict(state["optimizer"])
        if self._shape and self._shape.closed_loop:
            vars(self._live).update(state["loop"])

    def _multiplier(self, step: float) -> float:
        after = step - self._warmup
        if self._shape is None:
            return 1.0 if after >= 0 else (step + 1) / self._warmup
        value = checked_multiplier(self._shape, self._live.multiplier(max(after, 0.0)), after)
        return value if after >= 0 else value * min((step + 1) / self._warmup, 1.0)

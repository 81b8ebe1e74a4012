"""OPTIMIZER+SCHEDULE as a training algorithm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from harness.contracts.algorithms import Batch, Task, TrainingAlgorithm
from harness.contracts.errors import ContractError
from harness.contracts.messages import said
from harness.contracts.numbers import whole
from harness.contracts.optimizers import Optimizer
from harness.contracts.returned import PROCEDURE, check_kept, switches, takes_loss
from harness.contracts.schedules import Feedback, Schedule, checked_multiplier
from harness.contracts.spaces import Hyperparameters
from harness.trial.process.failures import is_out_of_memory


class Scheduled(TrainingAlgorithm):
    """An optimizer whose learning rate follows a schedule after the harness's linear warm-up.

    The learning rate of a step is set before its update. In step t of a warm-up of W steps the multiplier is (t+1)/W of
    the schedule's first value. The schedule counts steps after warm-up: charged examples over the reference batch size.
    Evaluations stand between `eval()` and `train()` of an optimizer that has both (`harness.contracts.optimizers.Optimizer`).

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
        self._recipe = recipe
        self._optimizer: Any = recipe(task.model, hyperparameters)
        self._peaks = [group["lr"] for group in self._optimizer.param_groups]
        self._schedule = schedule
        self._warmup = task.warmup / task.batch_size
        self._multiplier_set: float | None = None
        self._table: list[float] = []
        held = {id(p) for group in self._optimizer.param_groups for p in group["params"]}
        self._not_held = [p for p in task.model.parameters() if id(p) not in held]
        self._switches = switches(self._optimizer)
        self._takes_loss = takes_loss(self._optimizer)
        self.restore_after_evaluation()
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
        groups = self._optimizer.param_groups
        if len(groups) != len(self._peaks):
            check_kept(self._recipe.title, self._optimizer, self._peaks)
        for group, peak in zip(groups, self._peaks, strict=True):
            group["lr"] = peak * multiplier
        self._multiplier_set = multiplier
        self._optimizer.zero_grad()
        for parameter in self._not_held:
            parameter.grad = None
        loss = self.task.loss(batch)
        loss.backward()
        try:
            self._optimizer.step(*self._closure(loss))
        except Exception as error:
            if step or _is_named(error):
                raise
            raise self._first_step_failed(error) from error

    def prepare_for_evaluation(self) -> None:
        """Check that the optimizer left its learning rates alone, and let it write the weights that are to be judged."""
        if self._multiplier_set is not None:
            check_kept(self._recipe.title, self._optimizer, [peak * self._multiplier_set for peak in self._peaks])
        if self._switches:
            self._optimizer.eval()

    def restore_after_evaluation(self) -> None:
        """Let the optimizer write the weights that are trained; it is also told so before its first step."""
        if self._switches:
            self._optimizer.train()

    @property
    def refresh_batchnorm(self) -> bool:  # type: ignore[override]
        """Whether the judged weights are others than those that the BatchNorm statistics were collected with."""
        return self._switches

    def observe(self, feedback: Feedback) -> None:
        """Pass the signals on to a closed-loop schedule."""
        self._started.observe(feedback)

    def learning_rate(self) -> float:
        """Return the learning rate of the last step; of several groups, that of the first."""
        rate: float = self._peaks[0] * (self._multiplier_set or 0.0)
        return rate

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer and of a closed-loop schedule."""
        loop = dict(vars(self._started)) if self._schedule and self._schedule.closed_loop else {}
        return {"optimizer": self._optimizer.state_dict(), "loop": loop}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a state that `state_dict` returned."""
        self._optimizer.load_state_dict(state["optimizer"])
        self._multiplier_set = None
        if self._schedule and self._schedule.closed_loop:
            vars(self._started).update(state["loop"])

    def _closure(self, loss: Tensor) -> tuple[Callable[[], Tensor], ...]:
        """Return the closure of an optimizer that needs the loss: it returns the one computed already, once."""
        if not self._takes_loss:
            return ()
        computed = [loss.detach()]

        def closure() -> Tensor:
            if not computed:
                raise ContractError(
                    f"{self._recipe.title}: its step() called the closure twice, which returns the loss of the step's gradient"
                    f" and computes no other: {PROCEDURE}"
                )
            return computed.pop()

        return (closure,)

    def _multiplier(self, step: float) -> float:
        after = step - self._warmup
        if self._schedule is None:
            return 1.0 if after >= 0 else (step + 1) / self._warmup
        given = whole(max(after, 0.0))
        value = checked_multiplier(self._schedule, self._started.multiplier(given), given)
        return value if after >= 0 else value * min((step + 1) / self._warmup, 1.0)

    def _first_step_failed(self, error: Exception) -> ContractError:
        """Return the error of an optimizer whose first step failed, with the traceback of what it raised."""
        failed = ContractError(
            f"{self._recipe.title}: the first step() of its optimizer raised {said(error)}; if it needs more than the gradient"
            f" of one loss, {PROCEDURE}"
        )
        return failed.with_traceback(error.__traceback__)


def _is_named(error: Exception) -> bool:
    """Return whether an exception says already what the trial's record needs: a broken contract, or memory that ran out."""
    return isinstance(error, ContractError) or is_out_of_memory(error)

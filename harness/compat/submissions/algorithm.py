"""A submission's functions as a `TrainingAlgorithm`: called in AlgoPerf's order, with its arguments."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from inspect import signature
from types import MappingProxyType
from typing import Any, ClassVar, cast

import torch
from torch import nn

from harness.compat.submissions.batches import input_queue
from harness.compat.submissions.modules import Modules
from harness.compat.submissions.rates import checked_multiple, multiplied_rates
from harness.compat.submissions.space import FILE
from harness.compat.submissions.stand_ins import random_utils
from harness.compat.submissions.stand_ins.accelerator import OnCpu
from harness.compat.submissions.stand_ins.spec import TrainingCompleteError
from harness.compat.submissions.workload import AlgoPerfWorkload
from harness.contracts.algorithms import Task, TrainingAlgorithm
from harness.contracts.errors import ContractError
from harness.contracts.schedules import Feedback
from harness.contracts.spaces import Hyperparameters
from harness.rules import RATE_MULTIPLE
from harness.trial.task import TrialTask

REQUIRED = ("get_batch_size", "init_optimizer_state", "update_params", "data_selection")
OPTIONAL = "prepare_for_eval"


@dataclass(frozen=True)
class Loaded:
    """A submission's file after its import.

    Attributes:
        functions: {name: function} of AlgoPerf's interface.
        modules: what it imports by its own names.
        names_accelerator: whether it makes tensors on "cuda", whatever the machine has.
    """

    functions: Mapping[str, Callable[..., Any]]
    modules: Modules
    names_accelerator: bool = False

    def call(self, function: str, *arguments: Any, **keywords: Any) -> Any:
        """Return what a function of the submission returns."""
        elsewhere = OnCpu() if self.names_accelerator and not torch.cuda.is_available() else nullcontext()
        with self.modules.present(), elsewhere:
            return self.functions[function](*arguments, **keywords)


class AlgoPerfSubmission(TrainingAlgorithm):
    """A submission in AlgoPerf's form; each file's class is made by `harness.compat.submissions.reading`."""

    _loaded: ClassVar[Loaded]

    def __init__(self, task: Task, hyperparameters: Hyperparameters) -> None:
        super().__init__(task, hyperparameters)
        values = {name: hyperparameters[name] for name in self.defaults}
        self._multiple = checked_multiple(values.pop(RATE_MULTIPLE))
        self._values = namedtuple("Hyperparameters", values)(**values) if values else None
        self._workload = AlgoPerfWorkload(cast(TrialTask, task), values.get("dropout_rate"))
        seed = random_utils.PRNGKey(int(torch.randint(2**31 - 1, (), generator=task.generator)))
        start, self._seed = random_utils.split(seed)
        self._size = self._batch_size()
        self._queue = input_queue(task, self._size)
        self._params: nn.Module = task.model
        self._model_state: Any = None
        self._steps, self._complete = 0, False
        self._evaluations: list[tuple[int, dict[str, float]]] = []
        self._timed = "train_state" in signature(self._loaded.functions["update_params"]).parameters
        self._optimizer_state = self._started(start)

    def _started(self, seed: Any) -> Any:
        """Return the optimizer state at the start.

        Raises:
            ContractError: the submission asks for a hyperparameter that it does not have.
        """
        try:
            state = self._loaded.call("init_optimizer_state", self._workload, self.task.model, None, self._values, seed)
        except AttributeError as error:
            if error.obj is not self._values:
                raise
            names = [name for name in self.defaults if name != RATE_MULTIPLE]
            has = f"has only {', '.join(names)}" if names else "is not there"
            raise ContractError(f"the submission asks for hyperparameters.{error.name}, but {FILE} {has}") from error
        if self._multiple != 1 and not _optimizers(state):
            raise ContractError(f"the submission keeps no optimizer of torch, so {RATE_MULTIPLE} has nothing to multiply")
        return state

    def _batch_size(self) -> int:
        """Return the submission's batch size for this workload; the workload's own where it does not know the name."""
        try:
            size = self._loaded.call("get_batch_size", self.task.workload)
        except Exception:  # noqa: BLE001  a submission raises what it likes for a name that it does not know
            return self.task.batch_size
        return self.task.batch_size if size is None else int(size)

    def batch_size(self) -> int:
        """Return how many examples an element of the input queue has."""
        return self._size

    def _seeds(self) -> Any:
        """Return the seeds of this step: for the selection, the update and the preparation of an evaluation."""
        return random_utils.split(random_utils.fold_in(self._seed, self._steps), 3)

    def select(self) -> Any:
        """Return what the submission selects from the input queue, in AlgoPerf's form."""
        if self._complete:
            return None
        return self._loaded.call(
            "data_selection",
            *(self._workload, self._queue, self._optimizer_state, self._params, self._model_state, self._values),
            *(self._steps, self._seeds()[0]),
        )

    def update(self, batch: Any) -> None:
        """Call ``update_params``; once the submission has said that its training is complete, let the examples pass."""
        if self._complete:
            self.task.let_pass(self._size)
            return
        more = {"train_state": self._train_state()} if self._timed else {}
        try:
            with multiplied_rates(self._multiple):
                self._returned("update_params", batch=batch, rng=self._seeds()[1], **more)
        except TrainingCompleteError:
            self._complete = True
        self._steps += 1

    def prepare_for_evaluation(self) -> None:
        """Call ``prepare_for_eval``, and write its weights into the task's model if it trains another one."""
        if OPTIONAL in self._loaded.functions:
            self._returned(OPTIONAL, rng=self._seeds()[2])
        if self._params is not self.task.model:
            theirs = self._params.state_dict()
            with torch.no_grad():
                for name, own in self.task.model.state_dict().items():
                    own.copy_(theirs[name])

    def _returned(self, function: str, **more: Any) -> None:
        """Call a function that returns (optimizer state, parameters, model state), and keep these.

        Raises:
            ContractError: it returns something else.
        """
        returned = self._loaded.call(
            function,
            workload=self._workload,
            current_param_container=self._params,
            current_params_types=self._workload.model_params_types,
            model_state=self._model_state,
            hyperparameters=self._values,
            loss_type=self._workload.known_loss,
            optimizer_state=self._optimizer_state,
            eval_results=self._evaluations,
            global_step=self._steps,
            **more,
        )
        if not isinstance(returned, tuple | list) or len(returned) != 3 or not isinstance(returned[1], nn.Module):
            raise ContractError(f"{function}() must return (optimizer state, model, model state), as AlgoPerf specifies")
        self._optimizer_state, self._params, self._model_state = returned

    def _train_state(self) -> Mapping[str, Any]:
        """Return AlgoPerf's account of the run; a second is a step at the reference batch size, so that it is repeatable."""
        return MappingProxyType(
            {
                "validation_goal_reached": False,
                "test_goal_reached": False,
                "is_time_remaining": True,
                "last_eval_time": self._evaluations[-1][0] if self._evaluations else 0,
                "training_complete": self._complete,
                "accumulated_submission_time": self.task.step,
                "accumulated_eval_time": 0,
                "accumulated_logging_time": 0,
                "last_step_end_time": self.task.step,
            }
        )

    def observe(self, feedback: Feedback) -> None:
        """Add an evaluation to ``eval_results``; it is received only by a submission that reads them."""
        metric = feedback.validation_metric
        if metric is None:
            return
        sign = 1 if self._workload._harness.lower_is_better else -1
        self._evaluations.append((self._steps, {f"validation/{self._workload.target_metric_name}": sign * metric}))

    def learning_rate(self) -> float | None:
        """Return the learning rate of the steps of the first optimizer of torch in the optimizer state; None without one."""
        optimizers = _optimizers(self._optimizer_state)
        return self._multiple * float(optimizers[0].param_groups[0]["lr"]) if optimizers else None


def _optimizers(state: Any) -> list[torch.optim.Optimizer]:
    """Return the optimizers of torch in an optimizer state."""
    inside = state.values() if isinstance(state, Mapping) else state if isinstance(state, tuple | list) else (state,)
    return [item for item in inside if isinstance(item, torch.optim.Optimizer)]

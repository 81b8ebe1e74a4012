"""The workload that a submission gets: AlgoPerf's interface over the task of a trial, which does the counting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.compat.submissions.batches import examples_in
from harness.compat.submissions.forward import forward_mode
from harness.compat.submissions.parameters import output_parameters, parameter_shapes, parameter_types
from harness.compat.submissions.stand_ins.spec import ForwardPassMode, LossType, ParameterType, ShapeTuple, Workload
from harness.contracts.errors import ContractError
from harness.trial.judging import build_model
from harness.trial.task import TrialTask

LOSSES = {
    "criteo1tb": LossType.SIGMOID_CROSS_ENTROPY,
    "fastmri": LossType.MEAN_ABSOLUTE_ERROR,
    "librispeech_conformer": LossType.CTC_LOSS,
    "librispeech_deepspeech": LossType.CTC_LOSS,
    **dict.fromkeys(
        ("cifar", "mnist", "imagenet_resnet", "imagenet_vit", "wmt", "finewebedu_lm"), LossType.SOFTMAX_CROSS_ENTROPY
    ),
}
"""{AlgoPerf's workload: kind of loss} of those whose counterparts here have the same kind."""

OWN_LOSSES = {"adult_logreg": LossType.SIGMOID_CROSS_ENTROPY, "qm9_gnn": LossType.MEAN_SQUARED_ERROR}
"""{workload: kind of loss} of those that have no counterpart with their loss; a Huber loss is nearest to squares."""

WITHOUT_CLASSES = (LossType.CTC_LOSS, LossType.MEAN_SQUARED_ERROR, LossType.MEAN_ABSOLUTE_ERROR)
"""Losses without class labels: AlgoPerf's workloads of these kinds take a label smoothing and do not use it."""


class Missing(ContractError, AttributeError):
    """A submission asks for something of AlgoPerf that is not there: an `AttributeError`, so that `hasattr` says so."""


class MetricsLogger:
    """Takes what a submission logs, and keeps none of it: the harness records its own curve."""

    def append_scalar_metrics(self, metrics: Mapping[str, Any], global_step: int, *_arguments: Any, **_keywords: Any) -> None:
        """Do nothing."""


class AlgoPerfWorkload(Workload):
    """What a submission may ask of its workload. One second of AlgoPerf's time is one step at the reference batch size.

    Args:
        task: of the trial.
        dropout_rate: hyperparameter ``dropout_rate`` of the submission; None without one.

    Attributes:
        metrics_logger: takes what is logged.
        known_loss: the kind of loss; None where the workload corresponds to none of AlgoPerf's.
    """

    def __init__(self, task: TrialTask, dropout_rate: float | None = None) -> None:
        self._task, self._harness, self._dropout_rate = task, task._workload, dropout_rate
        self._shapes, self._types = parameter_shapes(task.model), parameter_types(task.model)
        self.known_loss = OWN_LOSSES.get(self._harness.name) or LOSSES.get(self._harness.algoperf)
        self.metrics_logger: Any = MetricsLogger()

    def attach_metrics_logger(self, metrics_logger: Any) -> None:
        """Use another logger."""
        self.metrics_logger = metrics_logger

    @property
    def step_hint(self) -> int:
        """Steps of the reference batch size in the workload's budget, or in the trial's horizon where that is shorter."""
        return min(self._task.horizon, self._harness.size.budget) // self._task.batch_size

    @property
    def max_allowed_runtime_sec(self) -> int:
        """The budget in steps of the reference batch size."""
        return self.step_hint

    @property
    def eval_period_time_sec(self) -> int:
        """The period of evaluations in steps of the reference batch size."""
        return max(1, self._harness.size.evaluation_period // self._task.batch_size)

    @property
    def num_train_examples(self) -> int:
        """The number of training examples."""
        return self._task.train_size

    @property
    def target_metric_name(self) -> str:
        """The name of the validation metric; ``eval_results`` has it after ``validation/``.

        It is "loss" where lower is better: of AlgoPerf's names only that and "wer" mean so, and submissions go by the name.
        """
        return "loss" if self._harness.lower_is_better else self._harness.metric

    @property
    def validation_target_value(self) -> float:
        """The target; NaN where the track has none."""
        return self._harness.size.target

    def has_reached_validation_target(self, eval_result: Mapping[str, float]) -> bool:
        """Return whether the metric of an evaluation meets the target."""
        value, target = eval_result[f"validation/{self.target_metric_name}"], self.validation_target_value
        return value <= target if self._harness.lower_is_better else value >= target

    @property
    def loss_type(self) -> LossType:
        """The kind of loss.

        Raises:
            Missing: the workload corresponds to none of AlgoPerf's.
        """
        if self.known_loss is None:
            raise Missing(f"workload '{self._harness.name}' corresponds to none of AlgoPerf's, so its loss_type is not known")
        return self.known_loss

    @property
    def param_shapes(self) -> dict[str, ShapeTuple]:
        """{parameter: shape}."""
        return self._shapes

    @property
    def model_params_types(self) -> dict[str, ParameterType]:
        """{parameter: kind}."""
        return self._types

    def is_output_params(self, param_key: str) -> bool:
        """Return whether a parameter belongs to the output layer."""
        return param_key in output_parameters(self._task.model)

    def init_model_fn(self, rng: Any, *_arguments: Any, **_keywords: Any) -> tuple[nn.Module, None]:
        """Return a new model with initial weights, drawn from the seed `rng`."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.abs(np.asarray(rng, dtype=np.int64)).sum()))
            return build_model(self._harness, self._task.device).train(), None

    def model_fn(
        self,
        params: nn.Module,
        augmented_and_preprocessed_input_batch: Any,
        model_state: Any,
        mode: ForwardPassMode,
        rng: Any,
        update_batch_norm: bool,
        dropout_rate: float | None = None,
    ) -> tuple[Any, None]:
        """Return (outputs, None) of the model for a batch, charged as `Task.outputs` says."""
        batch = examples_in(augmented_and_preprocessed_input_batch, "workload.model_fn")
        rate = self._dropout_rate if dropout_rate is None else dropout_rate
        train = mode == ForwardPassMode.TRAIN
        with forward_mode(params, train=train, update_batch_norm=update_batch_norm, dropout_rate=rate):
            return self._task.outputs(batch, params), None

    def loss_fn(
        self, label_batch: Any, logits_batch: Any, mask_batch: Tensor | None = None, label_smoothing: float = 0.0
    ) -> dict[str, Tensor]:
        """Return {"summed", "n_valid_examples", "per_example"}: the sum, the weight and the losses of the examples.

        Args:
            label_batch: the batch's targets.
            logits_batch: outputs for these examples.
            mask_batch: weights of the examples, [n]; None for 1.
            label_smoothing: ignored where the loss has no class labels, as AlgoPerf's workloads ignore it.
        """
        batch = examples_in(label_batch, "workload.loss_fn")
        smoothing = 0.0 if self.known_loss in WITHOUT_CLASSES else label_smoothing
        losses = self._task.output_losses(logits_batch, batch, smoothing)
        if mask_batch is None:
            return {
                "summed": losses.sum(),
                "n_valid_examples": torch.tensor(float(len(losses)), device=losses.device),
                "per_example": losses,
            }
        weights = mask_batch.to(losses)
        losses = losses * weights
        return {"summed": losses.sum(), "n_valid_examples": weights.sum(), "per_example": losses}

    def output_activation_fn(self, logits_batch: Tensor, framework: str = "pytorch") -> Tensor:
        """Return the probabilities of logits; the logits themselves where the loss has no class labels."""
        if self.loss_type == LossType.SIGMOID_CROSS_ENTROPY:
            return logits_batch.sigmoid()
        regresses = self.loss_type in (LossType.MEAN_SQUARED_ERROR, LossType.MEAN_ABSOLUTE_ERROR)
        return logits_batch if regresses else logits_batch.softmax(-1)

    def __getattr__(self, name: str) -> Any:
        raise Missing(f"the submission asks for workload.{name}, which is not there when it runs outside of AlgoPerf")

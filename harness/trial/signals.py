"""The signals that a plug-in may listen to. Each is computed only for a plug-in that listens to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.schedules import Feedback
from harness.trial.answers import learning_rate
from harness.trial.derivatives import Descent
from harness.trial.meter import Meter
from harness.trial.task import TrialTask


@dataclass(slots=True)
class EndedStep:
    """What the signals of a step are computed from: `descent` holds `Descent.measure` where one of its signals is wanted."""

    algorithm: TrainingAlgorithm
    model: nn.Module
    loss: Tensor | None
    descent: Mapping[str, float]


def _gradient_norm(model: nn.Module, order: int) -> float:
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    if not gradients:
        return 0.0
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients, order)), order))


STEP_SIGNALS: Mapping[str, Callable[[EndedStep], float | None]] = {
    "training_loss": lambda step: None if step.loss is None else step.loss.item(),
    "gradient_norm_l1": lambda step: _gradient_norm(step.model, 1),
    "gradient_norm_l2": lambda step: _gradient_norm(step.model, 2),
    "learning_rate": lambda step: learning_rate(step.algorithm),
    "descent": lambda step: step.descent.get("descent"),
    "descent_cosine": lambda step: step.descent.get("descent_cosine"),
}
"""How each signal of a step is computed once the step has ended."""

EVALUATION_SIGNALS = ("validation_metric",)
"""The signals of an evaluation."""

DESCENT = ("descent", "descent_cosine")


class Signals:
    """Computes the signals that a submission listens to.

    Args:
        names: of the signals.
        task: of the trial.
        meter: of the trial.
        algorithm: whose steps the signals are about.

    Attributes:
        of_evaluations: whether a signal of evaluations is among them.
    """

    def __init__(self, names: Sequence[str], task: TrialTask, meter: Meter, algorithm: TrainingAlgorithm) -> None:
        self.of_evaluations = any(name in EVALUATION_SIGNALS for name in names)
        self._task, self._meter, self._algorithm = task, meter, algorithm
        self._measures = [(name, STEP_SIGNALS[name]) for name in names if name in STEP_SIGNALS]
        self._descent = Descent(task.model) if any(name in DESCENT for name in names) else None

    def of_step(self) -> Feedback:
        """Return the signals of the step that just ended."""
        descent = self._descent.measure() if self._descent is not None else {}
        step = EndedStep(self._algorithm, self._task.model, self._meter.loss, descent)
        return self._feedback({name: measure(step) for name, measure in self._measures})

    def of_evaluation(self, validation_metric: float) -> Feedback:
        """Return the signals of the evaluation that just ended, given the metric with the sign that makes lower better."""
        return self._feedback({"validation_metric": validation_metric})

    def _feedback(self, values: Mapping[str, float | None]) -> Feedback:
        task = self._task
        return Feedback(step=task.step - task.warmup / task.batch_size - 1, examples=task.examples, **values)

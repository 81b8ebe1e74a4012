"""Binary classification, as in click-through prediction: log loss and error rate."""

from __future__ import annotations

import math
from typing import Any

from harness import Examples
from workloads.tasks.label_smoothing import smoothed_binary


class BinaryClassification:
    """The hooks of a workload that predicts whether an event happens; put it before `Workload` among the bases.

    Examples carry "labels", 0 or 1, uint8 [n]; outputs are log odds [n]. `_positives` is the share of ones in training.
    """

    _positives: float

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return log loss [n], nats."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        labels = smoothed_binary(examples["labels"].to(outputs.dtype), label_smoothing)
        return binary_cross_entropy_with_logits(outputs, labels, reduction="none")

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return log loss and errors (0 or 1)."""
        errors = ~self.example_correct(outputs, examples)
        return {"log_loss": BinaryClassification.example_losses(self, outputs, examples), "error_rate": errors.float()}

    def example_correct(self, outputs: Any, examples: Examples) -> Any:
        """Return whether the more likely outcome is the label, bool [n]."""
        return (outputs > 0) == examples["labels"].bool()

    def trivial_metric(self) -> float:
        """Return the entropy of the share of ones in training: the loss where every prediction is that share."""
        share = self._positives
        return -share * math.log(share) - (1 - share) * math.log1p(-share)

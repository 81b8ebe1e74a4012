"""Classification: cross-entropy and error rate."""

from __future__ import annotations

import math
from typing import Any

from harness import Examples


class Classification:
    """The hooks of a workload that assigns one of `_classes` classes; put it before `Workload` among the bases.

    Examples carry "labels", int64 [n]; outputs are logits [n, classes].
    """

    _classes: int

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return cross-entropy [n], nats."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs, examples["labels"], reduction="none", label_smoothing=label_smoothing)

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return cross-entropy and errors (0 or 1)."""
        errors = ~self.example_correct(outputs, examples)
        return {"cross_entropy": Classification.example_losses(self, outputs, examples), "error_rate": errors.float()}

    def example_correct(self, outputs: Any, examples: Examples) -> Any:
        """Return whether the class with the largest logit is the label, bool [n]."""
        return outputs.argmax(-1) == examples["labels"]

    def trivial_metric(self) -> float:
        """Return ln(classes): all classes equally likely."""
        return math.log(self._classes)

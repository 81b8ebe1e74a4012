"""Reduce the learning rate when the validation metric stops improving."""

import math

from harness import Choice, LogUniform, schedule


@schedule(
    paper="none: common practice",
    anytime=True,
    listens="validation_metric",
    space={"factor": LogUniform(0.1, 0.7), "patience": Choice(1, 2, 3, 5)},
    cost="per evaluation 1/3 of its examples, on some workloads half of the training examples between two evaluations",
    deviation="patience is 2 evaluations, a tenth of most budgets (libraries: 10); the threshold is relative to |best|",
)
class plateau:
    """Multiply by `factor` after more than `patience` evaluations in a row without improvement.

    An evaluation improves when its metric (lower is better) is below best - threshold * |best|; NaN never does.

    Args:
        factor: what a reduction multiplies the learning rate by, in (0, 1).
        patience: how many evaluations in a row may bring no improvement before the rate is reduced.
        threshold: relative size of an improvement that counts.
        cooldown: how many evaluations after a reduction are not counted.
    """

    def __init__(self, factor=0.1, patience=2, threshold=1e-4, cooldown=0):
        self._factor, self._patience, self._threshold, self._cooldown = factor, patience, threshold, cooldown
        self._best = math.inf
        self._bad = 0
        self._resting = 0
        self._multiplier = 1.0

    def observe(self, feedback):
        """Count the evaluation, and reduce the learning rate once patience has run out."""
        value = feedback.validation_metric
        if value is None:
            return
        if math.isinf(self._best) or value < self._best - self._threshold * abs(self._best):
            self._best = math.inf if math.isnan(value) else value
            self._bad = 0
        else:
            self._bad += 1
        if self._resting > 0:
            self._resting -= 1
            self._bad = 0
        if self._bad > self._patience:
            self._multiplier *= self._factor
            self._resting = self._cooldown
            self._bad = 0

    def multiplier(self, step):
        """Return the product of all reductions so far."""
        return self._multiplier

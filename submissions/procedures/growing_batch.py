"""A growing batch size instead of a decaying learning rate."""

import math

from harness import Choice
from submissions.procedures._annealed_adamw import DEFAULTS, SPACE, AnnealedAdamW, annealing
from submissions.procedures._batch_scaling import within_horizon


class GrowingBatch(AnnealedAdamW):
    """Doubles the batch each time cosine decay would have halved the learning rate, up to `largest` times the reference.

    With m the cosine multiplier and k = min(floor(log2(1 / m)), log2(largest)), the batch is 2^k b and the learning
    rate 2^k m times the peak: their ratio, the scale of gradient noise, is always that of plain cosine decay, in
    fewer steps. Warm-up uses the reference batch size. The last batches are cut to the remaining horizon, at an
    unchanged rate.
    """

    paper = "arXiv:1711.00489"
    defaults = {**DEFAULTS, "largest": 4}
    space = {**SPACE, "largest": Choice(2, 4, 8, 16)}
    deviation = (
        "cosine decay replaces step decay, and AdamW replaces SGD; the learning rate is still linear in the batch size, while "
        "the usual rule for AdamW is the square root"
    )

    def batch_size(self):
        """Return the reference batch size times the present growth, or the remaining horizon where that is smaller."""
        return within_horizon(self.task, self.task.batch_size * self._growth(), least=self.task.batch_size)

    def update(self, batch):
        """Take one step of AdamW at the learning rate that fits this batch size."""
        self._set_rate(annealing(self.task) * self._growth())
        self._optimizer.zero_grad()
        self.task.loss(batch).backward()
        self._optimizer.step()

    def _growth(self):
        if self.task.examples < self.task.warmup:
            return 1
        multiplier = max(annealing(self.task), 1 / self.hyperparameters.largest)
        return 2 ** math.floor(math.log2(1 / multiplier) + 1e-9)

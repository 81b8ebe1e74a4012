"""A batch size that grows when the gradient is too noisy."""

import math

from harness import Choice, LogUniform
from submissions.procedures._batch_scaling import RULES, scaled_rate, within_horizon
from submissions.procedures._batch_tests import wanted_batch
from submissions.procedures._inner import DEFAULTS, Inner


class Adadagrad(Inner):
    """Tests the noise of the gradient every `every` steps on a sample of the batch, and enlarges the batch until it passes.

    With g_i the gradients of single examples and g their mean, the batch size grows to ceil(b+), never shrinks, and is at
    most `largest` times the reference; b+ is

    - ``norm``: sum_coordinates Var_i(g_i) / (eta^2 |g|^2);
    - ``inner_product``: Var_i(<g_i, g>) / (theta^2 |g|^4);
    - ``augmented``: the larger of that and the variance of the part of g_i orthogonal to g, over nu^2 |g|^2.

    Per-example gradients are computed with frozen BatchNorm statistics and without dropout. g is the mean over the tested
    examples, whose noise limits b+ to about their number over eta^2. The learning rate is that of the reference batch size,
    scaled linearly with the batch size under SGD, with its square root under AdamW, not at all under AdaGrad.

    Args:
        test: "norm", "inner_product" or "augmented".
        eta, theta, nu: tolerances of the tests; the source uses 0.1 (0.5 on CIFAR-10), 0.5 and 1.
        every: steps between tests.
        sample: at most so many examples of the batch are tested.
        start: first batch size as a share of the reference (source: 2 to 256 examples).
        largest: largest batch size in multiples of the reference.
        scaling: "by_optimizer", or one of "linear", "square_root", "none".
        optimizer: "adagrad", "adamw" (beta1, beta2) or "sgd" (heavy-ball momentum beta1).
    """

    paper = "arXiv:2402.11215"
    defaults = {
        **DEFAULTS,
        "optimizer": "adagrad",
        "learning_rate": 8e-3,
        "weight_decay": 0.0,
        "test": "norm",
        "eta": 0.5,
        "theta": 0.5,
        "nu": 1.0,
        "every": 10,
        "sample": 64,
        "start": 0.25,
        "largest": 8,
        "scaling": "by_optimizer",
    }
    space = {
        "learning_rate": LogUniform(1e-3, 0.3),
        "test": Choice("augmented", "inner_product", "norm"),
        "eta": LogUniform(0.1, 1.0),
        "largest": Choice(4, 8, 16),
    }
    cost = "per-example gradients of up to `sample` examples every `every` steps, charged 1 per example; their memory"
    deviation = (
        "inner products are taken over all tensors at once (released code: per tensor, then summed); the test uses a sample "
        "of the batch; the learning rate does not decay; `start` and `largest` are multiples of the workload's batch size"
    )
    _kept = ("_size", "_steps")

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._size = max(2, round(hyperparameters.start * task.batch_size))
        self._steps = 0

    def batch_size(self):
        """Return the present batch size, or the remaining horizon where that is smaller."""
        return within_horizon(self.task, self._size, least=2)

    def update(self, batch):
        """Test this batch where a test is due and another step will follow; then take a step at the scaled rate."""
        h = self.hyperparameters
        rule = RULES[h.optimizer] if h.scaling == "by_optimizer" else h.scaling
        self._set_rate(scaled_rate(h.learning_rate, batch.size, self.task.batch_size, rule) * self._warmed())
        self._steps += 1
        most = h.largest * self.task.batch_size
        after = self.task.examples + min(h.sample, batch.size) + batch.size
        if self._steps % h.every == 0 and self._size < most and after < self.task.horizon:
            wanted = self._test(batch)
            if not math.isnan(wanted):
                self._size = max(self._size, math.ceil(min(wanted, most)))
        self._step(batch)

    def _test(self, batch):
        import torch

        h = self.hyperparameters
        tested = self.task.fetch(batch.indices[: h.sample])
        gradients = self.task.example_gradients(tested).values()
        flat = torch.cat([gradient.flatten(1) for gradient in gradients], dim=1)
        return wanted_batch(flat, h.test, eta=h.eta, theta=h.theta, nu=h.nu) if tested.size > 1 else math.nan

"""A batch size that grows as soon as the noise of its gradient asks for it."""

import math

from harness import Choice, LogUniform
from submissions.procedures._batch_scaling import RULES, scaled_rate, within_horizon
from submissions.procedures._batch_tests import wanted_batch
from submissions.procedures._inner import DEFAULTS, SPACE, Inner


class Adadagrad(Inner):
    """Every `every` steps, tests the noise of the gradient on some examples of the batch, and enlarges the batch to pass.

    With g_i the gradients of single examples and g their mean, the batch grows to ceil(b+), never shrinks, and stays at
    most `largest` times the reference; b+ is

    - ``norm``: sum_coordinates Var_i(g_i) / (eta^2 |g|^2);
    - ``inner_product``: Var_i(<g_i, g>) / (theta^2 |g|^4);
    - ``augmented``: the larger of that and the variance of what of g_i is orthogonal to g, over nu^2 |g|^2.

    Per-example gradients are taken with BatchNorm statistics and dropout frozen. g is the mean of the tested examples,
    whose own noise bounds b+ by about their number over eta^2. The learning rate is that of the reference batch size,
    scaled: linearly with the batch under SGD, with its square root under AdamW, not at all under AdaGrad.

    Args:
        test: "norm", "inner_product" or "augmented".
        eta, theta, nu: what the tests tolerate; the source's 0.1 (0.5 on CIFAR-10), 0.5 and 1.
        every: steps between tests.
        sample: examples of the batch that are tested, at most.
        start: first batch size as a share of the reference (the source starts from 2 to 256).
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
        "learning_rate": SPACE["learning_rate"],
        "test": Choice("augmented", "inner_product", "norm"),
        "eta": LogUniform(0.1, 1.0),
        "largest": Choice(4, 8, 16),
    }
    cost = "per-example gradients of up to `sample` examples every `every` steps, 1 an example; their memory"
    deviation = (
        "inner products run over all tensors, where the released code takes each tensor's alone and adds them up; a sub-sample "
        "of the batch is tested; no decay of the rate; `start` and `largest` are multiples of the workload's batch"
    )
    _kept = ("_size", "_steps")

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._size = max(2, round(hyperparameters.start * task.batch_size))
        self._steps = 0

    def batch_size(self):
        """Return the present batch size, or what is left of the horizon where that is less."""
        return within_horizon(self.task, self._size, least=2)

    def update(self, batch):
        """Test this batch before the step, where that is due and there will be a next one; take the step at its rate."""
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

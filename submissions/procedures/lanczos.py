"""Learning rate and momentum from the curvature of the loss."""

import math

from harness import LogUniform, Uniform
from submissions.optimizers.sgd import sgd
from submissions.procedures._inner import Inner
from submissions.procedures._lanczos import heavy_ball, ritz_values, spectrum_ends

FEWEST = 5
"""Products of an estimate at least."""


class Lanczos(Inner):
    """SGD whose learning rate and momentum are those that are best for the spectrum of the Hessian, estimated on the way.

    An estimate is a run of Lanczos' method from a random vector on one batch, a Hessian-vector product an iteration, all
    vectors kept orthogonal, BatchNorm statistics and dropout frozen. With l1 the largest Ritz value and ln the smallest
    positive one, smoothed over the estimates in logarithms, heavy-ball descent contracts fastest at

        alpha = (2 / (sqrt(l1) + sqrt(ln)))^2,    rho = ((sqrt(l1) - sqrt(ln)) / (sqrt(l1) + sqrt(ln)))^2,

    rho at most `most_momentum`. Estimates come at (j / estimates)^2 of the horizon, early ones close together, since that
    is when curvature moves. alpha is warmed up, and anneals linearly to nothing with the horizon, as gradient noise asks of
    any constant rate.

    Args:
        estimates: how often the spectrum is estimated.
        iterations: products an estimate at most; as many of them as `share` pays for, and 5 at least.
        share: share of the horizon that the products may cost.
        fraction: of alpha that is taken; less than 1 where the network is far from quadratic.
        most_momentum: bound of rho.
        smoothing: weight of the old logarithms in a new estimate.
        weight_decay: added to the gradient, of matrices only.
    """

    paper = "arXiv:2006.09092"
    defaults = {
        "estimates": 4,
        "iterations": 30,
        "share": 0.2,
        "fraction": 1.0,
        "most_momentum": 0.98,
        "smoothing": 0.5,
        "weight_decay": 1e-4,
    }
    space = {"fraction": LogUniform(0.03, 3.0), "most_momentum": Uniform(0.8, 0.99), "weight_decay": LogUniform(1e-6, 1e-2)}
    anytime = False
    _kept = ("_made", "_ends", "_momentum", "_best_rate")
    cost = "an estimate costs 3 reference batches a product (2 where the loss has no second derivative); `share` of the horizon"
    deviation = (
        "the learner is from memory of the paper, whose code was not found; `fraction`, the warm-up, the decay and the budget "
        "of the estimates are ours; products are on one reference batch; Ritz values that are not positive are dropped"
    )

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._made = 0  # estimates
        self._ends = None  # smoothed logarithms of l1 and ln
        self._momentum, self._best_rate = 0.0, 0.0

    def update(self, batch):
        """Estimate where one is due, then take one step of heavy-ball descent."""
        done = self.task.examples / self.task.horizon
        if self._made < self.hyperparameters.estimates and done >= (self._made / self.hyperparameters.estimates) ** 2:
            self._estimate()
        for group in self._optimizer.param_groups:
            group["momentum"] = self._momentum
        self._set_rate(self._best_rate * self.hyperparameters.fraction * self._shape())
        self._step(batch)

    def _new_optimizer(self):
        plain = {"learning_rate": 0.1, "momentum": 0.9, "nesterov": False}  # rate and momentum are set before each step
        return sgd(self.task.model, {**plain, "weight_decay": self.hyperparameters.weight_decay})

    def _shape(self):
        task = self.task
        if task.examples < task.warmup:
            return min((task.examples + task.batch_size) / task.warmup, 1.0)
        return max(1 - (task.examples - task.warmup) / (task.horizon - task.warmup), 0.0)

    def _products(self):
        """Return how many products an estimate may take."""
        h, task = self.hyperparameters, self.task
        return max(FEWEST, min(h.iterations, int(h.share * task.horizon / (3 * task.batch_size * h.estimates))))

    def _estimate(self):
        """Run Lanczos' method on one batch, and take up the rate and the momentum that its Ritz values ask for."""
        import torch

        self._made += 1
        weights = [p for p in self.task.model.parameters() if p.requires_grad]
        sizes = [p.numel() for p in weights]
        batch = self.task.fetch(torch.randperm(self.task.train_size, generator=self.task.generator)[: self.task.batch_size])

        def product(vector):
            parts = [part.view_as(p) for part, p in zip(vector.split(sizes), weights, strict=True)]
            return torch.cat([part.flatten() for part in self.task.hessian_vector_product(batch, parts)]).to(vector.dtype)

        start = torch.randn(sum(sizes), generator=self.task.generator).to(weights[0])
        values, _ = ritz_values(product, start, self._products())
        ends = spectrum_ends(values)
        if ends is None:
            if not self._best_rate:
                self._best_rate, self._momentum = 0.01, 0.9  # nowhere convex: something small, until the next estimate
            return
        new = [math.log(end) for end in ends]
        old, keep = self._ends or new, self.hyperparameters.smoothing
        self._ends = [keep * a + (1 - keep) * b for a, b in zip(old, new, strict=True)]
        self._best_rate, self._momentum = heavy_ball(*map(math.exp, self._ends), self.hyperparameters.most_momentum)

"""Learning rate and momentum from the curvature of the loss."""

import math

from harness import LogUniform, Uniform
from submissions.optimizers.sgd import sgd
from submissions.procedures._inner import Inner
from submissions.procedures._lanczos import heavy_ball, ritz_values, spectrum_ends

FEWEST = 5
"""Least number of products per estimate."""


def affordable(task, hyperparameters):
    """Return (estimates, examples per estimate, products per estimate) that cost at most `share` of the horizon."""
    h = hyperparameters
    paid = h.share * task.horizon / 3  # examples times products: a product is charged 3 per example
    examples = min(max(task.batch_size, h.examples), task.train_size)
    estimates = max(1, min(h.estimates, int(paid / (FEWEST * examples))))
    if paid < FEWEST * examples:
        examples = min(max(task.batch_size, int(paid / FEWEST)), task.train_size)
    return estimates, examples, max(FEWEST, min(h.iterations, int(paid / (examples * estimates))))


class Lanczos(Inner):
    """SGD whose learning rate and momentum are optimal for the spectrum of the Hessian, which is estimated during training.

    An estimate is a run of Lanczos' method from a random vector on one batch: one Hessian-vector product per iteration, full
    re-orthogonalisation, frozen BatchNorm statistics, no dropout. With l1 the largest Ritz value and ln the smallest
    positive one, whose logarithms are smoothed over the estimates, heavy-ball descent contracts fastest at

        alpha = (2 / (sqrt(l1) + sqrt(ln)))^2,    rho = ((sqrt(l1) - sqrt(ln)) / (sqrt(l1) + sqrt(ln)))^2,

    where rho is at most `most_momentum`. The first estimate follows warm-up, when BatchNorm has seen data; estimate j comes
    at (j / estimates)^2 of the remaining horizon, so that the early ones, when the curvature changes most, are close
    together. alpha decays linearly to 0 at the horizon, as it must under gradient noise.

    Args:
        learning_rate: the rate at the end of warm-up, at momentum 0.9.
        share: share of the horizon that the products may cost. Where that is too little, there are fewer products (at least
            5), then fewer estimates (at least 1), then smaller batches (at least the reference batch size).
        estimates: how often the spectrum is estimated.
        examples: size of an estimate's batch, at least the reference batch size.
        iterations: products per estimate.
        fraction: factor on alpha. With 1, the formula, some networks diverge: their loss is not quadratic, its curvature
            grows, and gradients of training batches are noisier than the estimate assumes.
        most_momentum: bound of rho.
        smoothing: weight of the earlier logarithms in a new estimate.
        weight_decay: added to the gradient of matrices only.
        clip: largest global norm of a step's gradients, 0 for none.
    """

    paper = "arXiv:2006.09092"
    defaults = {
        "learning_rate": 0.01,
        "estimates": 4,
        "examples": 64,
        "iterations": 30,
        "share": 0.2,
        "fraction": 0.3,
        "most_momentum": 0.98,
        "smoothing": 0.5,
        "weight_decay": 1e-4,
        "clip": 0.0,
    }
    space = {
        "learning_rate": LogUniform(1e-3, 1e-1),
        "fraction": LogUniform(0.03, 3.0),
        "most_momentum": Uniform(0.8, 0.99),
        "weight_decay": LogUniform(1e-6, 1e-2),
    }
    anytime = False
    _kept = ("_made", "_ends", "_momentum", "_best_rate")
    cost = "3 charged examples per example of an estimate's batch and per product (2 where the loss has no second derivative)"
    deviation = (
        "written from memory of the paper, whose code was not found; `fraction`, the warm-up, the decay and the budget of the "
        "estimates are our choices; Ritz values that are not positive are dropped; only the ends of the spectrum are used, not "
        "the quadrature weights"
    )

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._made = 0  # estimates
        self._ends = None  # smoothed logarithms of l1 and ln
        self._momentum, self._best_rate = 0.9, hyperparameters.learning_rate
        self._estimates, self._examples, self._products = affordable(task, hyperparameters)

    def update(self, batch):
        """Estimate where one is due, then take one step of heavy-ball descent."""
        if self._made < self._estimates and self._done() >= (self._made / self._estimates) ** 2:
            self._estimate()
        for group in self._optimizer.param_groups:
            group["momentum"] = self._momentum
        rate = self._best_rate * self.hyperparameters.fraction if self._made else self.hyperparameters.learning_rate
        self._set_rate(rate * self._warmed() * min(max(1 - self._done(), 0.0), 1.0))
        self._step(batch)

    def _done(self):
        """Return the elapsed share of the horizon after warm-up, estimates included; negative during warm-up."""
        return (self.task.examples - self.task.warmup) / (self.task.horizon - self.task.warmup)

    def _new_optimizer(self):
        plain = {"learning_rate": 0.1, "momentum": 0.9, "nesterov": False}  # rate and momentum are set before each step
        own = {name: self.hyperparameters[name] for name in ("weight_decay", "clip")}
        return sgd(self.task.model, {**plain, **own})

    def _estimate(self):
        """Run Lanczos' method on one batch, and set the rate and the momentum that fit its Ritz values."""
        import torch

        self._made += 1
        weights = [p for p in self.task.model.parameters() if p.requires_grad]
        sizes = [p.numel() for p in weights]
        batch = self.task.fetch(torch.randperm(self.task.train_size, generator=self.task.generator)[: self._examples])

        def product(vector):
            parts = [part.view_as(p) for part, p in zip(vector.split(sizes), weights, strict=True)]
            return torch.cat([part.flatten() for part in self.task.hessian_vector_product(batch, parts)]).to(vector.dtype)

        start = torch.randn(sum(sizes), generator=self.task.generator).to(weights[0])
        ends = spectrum_ends(ritz_values(product, start, self._products))
        if ends is None:
            return  # no positive curvature: the earlier values stay until the next estimate
        new = [math.log(end) for end in ends]
        old, keep = self._ends or new, self.hyperparameters.smoothing
        self._ends = [keep * a + (1 - keep) * b for a, b in zip(old, new, strict=True)]
        self._best_rate, self._momentum = heavy_ball(*map(math.exp, self._ends), self.hyperparameters.most_momentum)

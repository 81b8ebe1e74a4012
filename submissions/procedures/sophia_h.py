"""Sophia with Hutchinson's estimator: a clipped step in the scale of the Hessian's diagonal."""

from harness import LogUniform, Uniform, clip_gradients, decay_groups
from submissions.procedures._annealed_adamw import AnnealedAdamW, annealing


class SophiaH(AnnealedAdamW):
    """Steps clip(m / max(gamma h, eps), 1), where h averages an estimate u Hu of the Hessian's diagonal every `interval` steps.

    m <- beta1 m + (1 - beta1) g; h <- beta2 h + (1 - beta2) u Hu, u of random signs; w <- w (1 - lr wd) - lr clip(m /
    max(gamma h, 1e-12), 1). H is that of the first `hessian_fraction` of the step's batch, and u is drawn from a generator that
    is seeded by the number of the step. The rate warms up and follows a cosine to 0. Products of the Hessian are charged 3 per
    example.
    """

    paper = "arXiv:2305.14342"
    defaults = {
        "learning_rate": 6e-4,
        "weight_decay": 0.2,
        "beta1": 0.96,
        "beta2": 0.99,
        "gamma": 0.01,
        "interval": 10,
        "hessian_fraction": 1 / 6,
        "clip": 0.0,
    }
    space = {
        "learning_rate": LogUniform(1e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.97),
        "beta2": Uniform(0.9, 0.999),
        "gamma": LogUniform(1e-3, 1.0),
    }
    cost = "every 10 steps a Hessian-vector product on a sixth of the batch, 5 % of the charge; state: twice the parameters"
    deviation = (
        "the Hessian's share of the batch is a sixth (paper: 32 of 480), so that its share of the compute is the paper's"
    )

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        from submissions.procedures._sophia import Sophia

        h = hyperparameters
        groups = decay_groups(task.model, h.weight_decay)
        self._optimizer = Sophia(groups, lr=h.learning_rate, betas=(h.beta1, h.beta2), gamma=h.gamma)
        clip_gradients(self._optimizer, h.clip)
        self._steps = 0

    def update(self, batch):
        """Take one step; every `interval` steps, from the first on, estimate the Hessian's diagonal before it."""
        self._set_rate(annealing(self.task))
        if self._steps % self.hyperparameters.interval == 0:
            self._estimate(batch)
        self._steps += 1
        self._optimizer.zero_grad()
        self.task.loss(batch).backward()
        self._optimizer.step()

    def state_dict(self):
        """Return the optimizer's state, the last learning rate and the number of steps."""
        return {**super().state_dict(), "steps": self._steps}

    def load_state_dict(self, state):
        """Restore a state that `state_dict` returned."""
        super().load_state_dict(state)
        self._steps = state["steps"]

    def _estimate(self, batch):
        from submissions.procedures._sophia import signs

        trained = [p for p in self.task.model.parameters() if p.requires_grad]
        part = self.task.fetch(batch.indices[: max(1, round(self.hyperparameters.hessian_fraction * batch.size))])
        vectors = signs(trained, self._steps)
        products = self.task.hessian_vector_product(part, vectors)
        self._optimizer.see_curvature(trained, [v * hv for v, hv in zip(vectors, products, strict=True)])

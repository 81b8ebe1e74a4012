"""One side of claims 24, 25 and 28: AdamW at four times the reference batch size (docs/claims.md says which)."""

from harness import LogUniform, TrainingAlgorithm, Uniform
from submissions.optimizers.adamw import adamw
from submissions.procedures._annealed_adamw import annealing

TIMES = 4
"""The reference batch size is multiplied by it."""


class AdamwLargeBatch(TrainingAlgorithm):
    """AdamW under warm-up and cosine decay at four times the reference batch size, so with a quarter of the steps."""

    paper = adamw.paper
    defaults = {
        "learning_rate": 0.00645,
        "weight_decay": 0.00209,
        "beta1": 0.914,
        "beta2": 0.953,
        "epsilon": 1e-08,
    }
    space = {
        "learning_rate": LogUniform(0.00204, 0.0086),
        "weight_decay": LogUniform(0.00209, 0.262),
        "beta1": Uniform(0.856, 0.966),
        "beta2": Uniform(0.953, 0.991),
    }
    anytime = False
    _recipe = adamw

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._optimizer = self._recipe(task.model, hyperparameters)
        self._peaks = [group["lr"] for group in self._optimizer.param_groups]
        self._multiplier = 0.0

    def batch_size(self):
        """Return four times the reference batch size, at most the training set."""
        return min(TIMES * self.task.batch_size, self.task.train_size)

    def update(self, batch):
        """Take one step."""
        self._multiplier = annealing(self.task)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * self._multiplier
        self._optimizer.zero_grad()
        self.task.loss(batch).backward()
        self._optimizer.step()

    def learning_rate(self):
        """Return the learning rate of the last step."""
        return self._peaks[0] * self._multiplier

    def state_dict(self):
        """Return the optimizer's state and the last multiplier."""
        return {"optimizer": self._optimizer.state_dict(), "multiplier": self._multiplier}

    def load_state_dict(self, state):
        """Restore a state that `state_dict` returned."""
        self._optimizer.load_state_dict(state["optimizer"])
        self._multiplier = state["multiplier"]

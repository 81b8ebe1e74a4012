"""The base of several procedures: AdamW under linear warm-up and cosine decay."""

from harness import LogUniform, TrainingAlgorithm, Uniform
from submissions.optimizers.adamw import adamw
from submissions.schedules.cosine import cosine

DEFAULTS = {"learning_rate": 1e-3, "weight_decay": 0.01, "beta1": 0.9, "beta2": 0.999, "clip": 0.0}
"""AdamW's (arXiv:1711.05101); `clip` is the largest global norm of a step's gradients, 0 for none."""

SPACE = {
    "learning_rate": LogUniform(1e-4, 1e-1),
    "weight_decay": LogUniform(1e-3, 0.5),
    "beta1": Uniform(0.85, 0.97),
    "beta2": Uniform(0.95, 0.999),
}
"""Wide bounds, those in which the target protocol searches; reference rates of the laptop suite lie from 0.004 to 0.053."""


def warming(task):
    """Return the multiplier of the next step under warm-up alone: (t + 1) / W during the task's warm-up, 1 after it."""
    warmup = task.warmup / task.batch_size
    return min((task.step + 1) / warmup, 1.0) if task.step < warmup else 1.0


def annealing(task):
    """Return the multiplier of the next step: (t + 1) / W during the task's warm-up, then cosine decay to its horizon."""
    warmup, horizon = task.warmup / task.batch_size, task.horizon / task.batch_size
    if task.step < warmup:
        return warming(task)
    return cosine(min(task.step, horizon) - warmup, horizon - warmup)


class AnnealedAdamW(TrainingAlgorithm):
    """AdamW under warm-up and cosine decay: the base class of procedures that change something else."""

    defaults = DEFAULTS
    space = SPACE
    anytime = False

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._optimizer = adamw(task.model, {name: hyperparameters[name] for name in DEFAULTS})
        self._rate = 0.0

    def update(self, batch):
        """Take one step of AdamW."""
        self._set_rate(annealing(self.task))
        self._optimizer.zero_grad()
        self.task.loss(batch).backward()
        self._optimizer.step()

    def learning_rate(self):
        """Return the learning rate of the last step."""
        return self._rate

    def state_dict(self):
        """Return the optimizer's state and the last learning rate."""
        return {"optimizer": self._optimizer.state_dict(), "rate": self._rate}

    def load_state_dict(self, state):
        """Restore a state that `state_dict` returned."""
        self._optimizer.load_state_dict(state["optimizer"])
        self._rate = state["rate"]

    def _set_rate(self, multiplier):
        self._rate = self.hyperparameters.learning_rate * multiplier
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate

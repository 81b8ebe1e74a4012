"""Moderate decay and averaged checkpoints instead of a decay to zero."""

from harness import Choice, LogUniform
from submissions.procedures._annealed_adamw import DEFAULTS, SPACE, AnnealedAdamW, annealing

_WEIGHTS = {
    "ema": lambda age, count, coefficient: (1 - coefficient) ** age,
    "uniform": lambda age, count, coefficient: 1.0,
    "linear": lambda age, count, coefficient: count - age,
}


class ModerateDecayAverage(AnnealedAdamW):
    """AdamW under cosine decay to a high floor, judged by the weighted mean of its last checkpoints.

    The multiplier is r + (1 - r) cosine after warm-up. After the warm-up a checkpoint of the weights is taken every
    `spacing` of the horizon, and the last K are stored. An evaluation judges their mean, weighted by (1 - a)^age ("ema"),
    K - age ("linear") or equally ("uniform"), where the newest checkpoint has age 0. BatchNorm statistics are recomputed
    for the mean. Before the first checkpoint the training weights are judged.

    From memory, unchecked: a floor near 1/3 (55 % sure). K = 6 and a near 0.2 are taken from a secondary text; the spacing
    is our choice.
    """

    paper = "arXiv:2511.18903"
    defaults = {**DEFAULTS, "floor": 1 / 3, "average": "ema", "checkpoints": 6, "coefficient": 0.2, "spacing": 0.01}
    space = {
        **SPACE,
        "floor": LogUniform(0.2, 0.5),
        "average": Choice(*_WEIGHTS),
        "checkpoints": Choice(3, 6, 10),
        "coefficient": LogUniform(0.1, 0.5),
        "spacing": LogUniform(0.002, 0.03),
    }
    refresh_batchnorm = True
    cost = "memory for K copies of the weights; one copy per `spacing` of the horizon, the mean of K copies per evaluation"
    deviation = "the data are in random order (source: the best data come last)"

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._checkpoints = []
        self._taken = 0
        self._aside = []

    def update(self, batch):
        """Take one step of AdamW, and a checkpoint where one is due."""
        multiplier = annealing(self.task)
        floor = self.hyperparameters.floor
        self._set_rate(multiplier if self.task.examples < self.task.warmup else floor + (1 - floor) * multiplier)
        self._optimizer.zero_grad()
        self.task.loss(batch).backward()
        self._optimizer.step()
        due = int((self.task.examples - self.task.warmup) / (self.hyperparameters.spacing * self.task.horizon) + 1e-9)
        if due > self._taken:
            self._taken = due
            self._checkpoints = [*self._checkpoints, self._copy()][-self.hyperparameters.checkpoints :]

    def prepare_for_evaluation(self):
        """Put the mean of the checkpoints into the model."""
        import torch

        self._aside = self._copy()
        count = len(self._checkpoints)
        if not count:
            return
        weigh = _WEIGHTS[self.hyperparameters.average]
        shares = [weigh(count - 1 - place, count, self.hyperparameters.coefficient) for place in range(count)]
        mean = torch._foreach_mul(self._checkpoints[0], shares[0] / sum(shares))
        for share, checkpoint in zip(shares[1:], self._checkpoints[1:], strict=True):
            torch._foreach_add_(mean, checkpoint, alpha=share / sum(shares))
        self._put(mean)

    def restore_after_evaluation(self):
        """Put the training weights back exactly."""
        self._put(self._aside)
        self._aside = []

    def state_dict(self):
        """Return the state of the optimizer and the stored checkpoints."""
        return {**super().state_dict(), "checkpoints": self._checkpoints, "taken": self._taken}

    def load_state_dict(self, state):
        """Restore a state that `state_dict` returned."""
        super().load_state_dict(state)
        self._checkpoints, self._taken = list(state["checkpoints"]), state["taken"]

    def _copy(self):
        return [p.detach().clone() for p in self.task.model.parameters() if p.requires_grad]

    def _put(self, weights):
        import torch

        with torch.no_grad():
            torch._foreach_copy_([p for p in self.task.model.parameters() if p.requires_grad], weights)

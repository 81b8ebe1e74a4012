"""Moderate decay and averaged checkpoints in the place of a decay to zero."""

from harness import Choice, LogUniform
from submissions.procedures._annealed_adamw import DEFAULTS, SPACE, AnnealedAdamW, annealing

_WEIGHTS = {
    "ema": lambda age, kept, coefficient: (1 - coefficient) ** age,
    "uniform": lambda age, kept, coefficient: 1.0,
    "linear": lambda age, kept, coefficient: kept - age,
}


class ModerateDecayAverage(AnnealedAdamW):
    """AdamW under cosine decay to a high floor, judged by the weighted mean of its last checkpoints.

    The multiplier is r + (1 - r) cosine after warm-up. A checkpoint of the weights is taken every `spacing` of the horizon
    from the end of the warm-up on, the last K are kept, and the weights that are judged are their mean, weighted by
    (1 - a)^age ("ema"), K - age ("linear") or equally ("uniform"), age counted in checkpoints from the newest, 0. BatchNorm
    statistics are recomputed for the mean. Before there is a checkpoint the weights in training are judged.

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
    cost = "K copies of the weights; one copied every 1 % of the horizon, the mean of K at every evaluation"
    deviation = "the data are in random order, where the source has its best data last"

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
        kept = len(self._checkpoints)
        if not kept:
            return
        weigh = _WEIGHTS[self.hyperparameters.average]
        shares = [weigh(kept - 1 - place, kept, self.hyperparameters.coefficient) for place in range(kept)]
        mean = torch._foreach_mul(self._checkpoints[0], shares[0] / sum(shares))
        for share, checkpoint in zip(shares[1:], self._checkpoints[1:], strict=True):
            torch._foreach_add_(mean, checkpoint, alpha=share / sum(shares))
        self._put(mean)

    def restore_after_evaluation(self):
        """Put the weights in training back, to the last bit."""
        self._put(self._aside)
        self._aside = []

    def state_dict(self):
        """Return the state of the optimizer and the checkpoints kept."""
        return {**super().state_dict(), "checkpoints": self._checkpoints, "taken": self._taken}

    def load_state_dict(self, state):
        """Take up a state that `state_dict` returned."""
        super().load_state_dict(state)
        self._checkpoints, self._taken = list(state["checkpoints"]), state["taken"]

    def _copy(self):
        return [p.detach().clone() for p in self.task.model.parameters() if p.requires_grad]

    def _put(self, weights):
        import torch

        with torch.no_grad():
            torch._foreach_copy_([p for p in self.task.model.parameters() if p.requires_grad], weights)

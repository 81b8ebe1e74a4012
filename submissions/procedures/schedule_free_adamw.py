"""Schedule-Free AdamW: an average of the trained weights is judged."""

from harness import LogUniform, TrainingAlgorithm, Uniform, clip_gradients, decay_groups


class ScheduleFreeAdamw(TrainingAlgorithm):
    """AdamW with averaged iterates instead of a decaying learning rate; pytorch_optimizer's.

    Gradients are computed at y = (1 - beta1) z + beta1 x, steps change z, and an evaluation judges x, the average of
    z weighted by the squared learning rate. The learning rate is constant after the workload's warm-up; good ones are
    those of AdamW to ten times as much (section 4.1), and the bounds of the space follow that.
    """

    paper = "arXiv:2405.15682"
    defaults = {"learning_rate": 2.5e-3, "weight_decay": 0.01, "beta1": 0.9, "beta2": 0.999, "clip": 0.0}
    space = {
        "learning_rate": LogUniform(5e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.98),
        "beta2": Uniform(0.95, 0.999),
    }
    anytime = True
    refresh_batchnorm = True
    deviation = "the training weights are stored during an evaluation and put back exactly, so that it causes no rounding"

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        from pytorch_optimizer import ScheduleFreeAdamW

        self._optimizer = ScheduleFreeAdamW(
            decay_groups(task.model, hyperparameters.weight_decay),
            lr=hyperparameters.learning_rate,
            betas=(hyperparameters.beta1, hyperparameters.beta2),
            warmup_steps=round(task.warmup / task.batch_size),
        )
        clip_gradients(self._optimizer, hyperparameters.clip)
        self._aside = []

    def update(self, batch):
        """Take one step."""
        self._optimizer.zero_grad()
        self.task.loss(batch).backward()
        self._optimizer.step()

    def learning_rate(self):
        """Return the learning rate of the last step, warm-up included."""
        group = self._optimizer.param_groups[0]
        return group["lr"] * min(group.get("step", 0) / max(group["warmup_steps"], 1), 1.0)

    def prepare_for_evaluation(self):
        """Put the averaged weights x into the model."""
        self._aside = [p.detach().clone() for p in self._weights()]
        self._optimizer.eval()

    def restore_after_evaluation(self):
        """Put the weights y back exactly."""
        import torch

        self._optimizer.train()
        with torch.no_grad():
            torch._foreach_copy_(self._weights(), self._aside)
        self._aside = []

    def state_dict(self):
        """Return the optimizer's state: z, the second moments and the weights of the average."""
        return {"optimizer": self._optimizer.state_dict()}

    def load_state_dict(self, state):
        """Restore a state that `state_dict` returned."""
        self._optimizer.load_state_dict(state["optimizer"])

    def _weights(self):
        return [p for group in self._optimizer.param_groups for p in group["params"]]

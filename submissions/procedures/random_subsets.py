"""Repeated sampling of random subsets: a procedure that selects its own data."""

from harness import LogUniform
from submissions.procedures._annealed_adamw import DEFAULTS, SPACE, AnnealedAdamW


class RandomSubsets(AnnealedAdamW):
    """Trains each round on a fresh random subset, drawn with replacement across rounds (RS2).

    A round visits round(fraction * n) different examples, at least one batch of them; the next round draws from all
    n again. Without replacement across rounds this would be ordinary training under a compressed schedule.
    """

    paper = "arXiv:2305.18424"
    defaults = {**DEFAULTS, "fraction": 0.1}
    space = {**SPACE, "fraction": LogUniform(0.05, 0.5)}

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._waiting = []

    def select(self):
        """Return the next examples of the present subset, then of a fresh one."""
        import torch

        taken = []
        missing = self.batch_size()
        while missing:
            if not len(self._waiting):
                self._waiting = self._subset()
            taken.append(self._waiting[:missing])
            self._waiting = self._waiting[missing:]
            missing -= len(taken[-1])
        return self.task.fetch(torch.cat(taken))

    def state_dict(self):
        """Return the state of the optimizer and of the generator, and the rest of the subset."""
        import torch

        waiting = torch.as_tensor(self._waiting, dtype=torch.int64)
        return {**super().state_dict(), "waiting": waiting.clone(), "generator": self.task.generator.get_state()}

    def load_state_dict(self, state):
        """Restore a state that `state_dict` returned."""
        super().load_state_dict(state)
        self._waiting = state["waiting"].clone()
        self.task.generator.set_state(state["generator"])

    def _subset(self):
        import torch

        wanted = max(
            round(self.hyperparameters.fraction * self.task.train_size), min(self.task.batch_size, self.task.train_size)
        )
        return torch.randperm(self.task.train_size, generator=self.task.generator)[:wanted]

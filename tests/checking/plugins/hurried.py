"""Cheats so that nobody can repeat it: its rate follows the time of day."""

import time

from harness import TrainingAlgorithm


class Hurried(TrainingAlgorithm):
    """Gradient descent whose rate depends on the clock of the machine."""

    name = "hurried"

    def update(self, batch):
        self.task.model.zero_grad()
        self.task.loss(batch).backward()
        for p in self.task.model.parameters():
            p.data.add_(p.grad, alpha=-0.05 - 0.01 * (time.time() % 1))

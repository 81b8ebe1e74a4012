"""Fails at a step that is always the same."""

from harness import TrainingAlgorithm


class Breaks(TrainingAlgorithm):
    """Works for half of a trial."""

    name = "breaks"
    _steps = 0

    def update(self, batch):
        self._steps += 1
        if self._steps > 40:
            raise ValueError(f"a fault of its own, in object {id(self):#x}")
        self.task.loss(batch).backward()

"""The averages by which the wrappers `ema` and `lawa`, and `dog`, are judged."""

import torch

from submissions.optimizers._wrapped import Averaged


class MovingAverage(Averaged):
    """The base, judged by a moving average whose span is a fraction of the steps so far."""

    def __init__(self, base, span):
        super().__init__(base)
        self._span = span
        self._mean = []

    def _take(self, weights):
        if not self._mean:
            self._mean = [w.clone() for w in weights]
            return
        torch._foreach_lerp_(self._mean, weights, 1 / (1 + self._span * (self._steps - 1)))

    def _average(self):
        return self._mean

    def _own_state(self):
        return {"steps": self._steps, "mean": self._mean}

    def _load_own_state(self, state):
        self._steps, self._mean = state["steps"], list(state["mean"])


class LatestMean(Averaged):
    """The base, judged by the mean of its latest snapshots; the oldest one's memory is used for the next."""

    def __init__(self, base, snapshots, spacing):
        super().__init__(base)
        self._most, self._spacing = snapshots, spacing
        self._snapshots = []
        self._due = 1  # the step after which the next one is taken

    def _take(self, weights):
        if self._steps < self._due:
            return
        self._due = self._steps + max(1, round(self._spacing * self._steps))
        if len(self._snapshots) < self._most:
            self._snapshots.append([w.clone() for w in weights])
            return
        self._snapshots.append(self._snapshots.pop(0))
        torch._foreach_copy_(self._snapshots[-1], weights)

    def _average(self):
        if not self._snapshots:
            return []
        mean = [w.clone() for w in self._snapshots[0]]
        for snapshot in self._snapshots[1:]:
            torch._foreach_add_(mean, snapshot)
        torch._foreach_div_(mean, len(self._snapshots))
        return mean

    def _own_state(self):
        return {"steps": self._steps, "due": self._due, "snapshots": self._snapshots}

    def _load_own_state(self, state):
        self._steps, self._due = state["steps"], state["due"]
        self._snapshots = [list(snapshot) for snapshot in state["snapshots"]]

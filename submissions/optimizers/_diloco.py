"""The outer optimizer behind the recipe `diloco`."""

import torch

from submissions.optimizers._wrapped import Averaged


class Outer(Averaged):
    """The base, whose weights are replaced after every round by slow ones that follow them with Nesterov's momentum."""

    def __init__(self, base, round_steps, rate, momentum):
        super().__init__(base)
        self._round_steps, self._rate, self._momentum = round_steps, rate, momentum
        self._slow = []
        self._velocity = []

    def step(self):
        """Take one step of the base; after a round, one of the outer optimizer."""
        if not self._slow:
            self._slow = [p.detach().clone() for p in self._weights()]
            self._velocity = [torch.zeros_like(p) for p in self._slow]
        super().step()

    def _take(self, weights):
        if self._steps % self._round_steps:
            return
        change = torch._foreach_sub(self._slow, weights)
        torch._foreach_mul_(self._velocity, self._momentum)
        torch._foreach_add_(self._velocity, change)
        torch._foreach_add_(change, self._velocity, alpha=self._momentum)
        torch._foreach_add_(self._slow, change, alpha=-self._rate)
        torch._foreach_copy_(weights, self._slow)

    def _average(self):
        return self._slow

    def _own_state(self):
        return {"steps": self._steps, "slow": self._slow, "velocity": self._velocity}

    def _load_own_state(self, state):
        self._steps, self._slow, self._velocity = state["steps"], list(state["slow"]), list(state["velocity"])

"""What the wrappers share: an optimizer that steps another one, and one that is judged by an average of its weights."""

import inspect

import torch


class Wrapped(torch.optim.Optimizer):
    """Has the parameter groups of `base`, so that a learning rate that is set here is the one that `base` reads.

    Args:
        base: the optimizer that is stepped. If it is judged by other weights than it trains, so is the wrapper.
    """

    def __init__(self, base):
        super().__init__(base.param_groups, {})
        self.base = base
        self.param_groups = base.param_groups
        if callable(getattr(base, "eval", None)) and not hasattr(self, "eval"):
            self.eval, self.train = base.eval, base.train
        self._arguments = ()
        closure = inspect.signature(base.step).parameters.get("closure")
        if closure is not None and closure.default is closure.empty:
            self.step = self._step_with_loss  # what needs the closure says so by its signature

    def step(self):
        """Take one step of the base."""
        self._step_base()

    def _step_with_loss(self, closure):
        self._arguments = (closure,)
        type(self).step(self)

    def _step_base(self):
        self.base.step(*self._arguments)

    def state_dict(self):
        """Return the state of the base and the wrapper's own."""
        return {"base": self.base.state_dict(), "own": self._own_state()}

    def load_state_dict(self, state_dict):
        """Restore a state that `state_dict` returned."""
        self.base.load_state_dict(state_dict["base"])
        self.param_groups = self.base.param_groups
        self._load_own_state(state_dict["own"])

    def _own_state(self):
        return {}

    def _load_own_state(self, state):
        pass


class Averaged(Wrapped):
    """The base, judged by an average of its weights; subclasses define `_take`, `_average` and their own state."""

    def __init__(self, base):
        super().__init__(base)
        self._steps = 0
        self._aside = []
        if callable(getattr(base, "train", None)):
            base.train()

    @torch.no_grad()
    def step(self):
        """Take one step of the base, and let its weights into the average."""
        self._step_base()
        self._steps += 1
        self._take([p.detach() for p in self._weights()])

    @torch.no_grad()
    def eval(self):
        """Put the average into the parameters."""
        average = self._average()
        self._aside = [p.detach().clone() for p in self._weights()]
        if average:
            torch._foreach_copy_(self._weights(), average)

    @torch.no_grad()
    def train(self):
        """Put the weights in training back exactly."""
        if self._aside:
            torch._foreach_copy_(self._weights(), self._aside)
        self._aside = []

    def _weights(self):
        return [p for group in self.param_groups for p in group["params"]]

"""What optimizers of our own share: a step that updates one parameter after the other, and Adam's direction."""

import math

import torch


class Rule(torch.optim.Optimizer):
    """An optimizer whose step applies `update` to every parameter that has a gradient.

    Args:
        groups: parameter groups with "params" and "weight_decay", and what else differs between groups.
        options: what is the same in all groups; `lr` is among them, or in every group.
    """

    def __init__(self, groups, **options):
        super().__init__(groups, {"weight_decay": 0.0, **options})

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step with the present gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.prepare()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state[p]
                    state["step"] = state.get("step", 0) + 1
                    self.update(p, p.grad, state, group)
        return loss

    def prepare(self):
        """Compute, with the gradients of all parameters, what a step's updates need."""

    def update(self, p, gradient, state, group):
        """Update one parameter in place; `state["step"]` counts its steps from 1, and the gradient is left as it is."""
        raise NotImplementedError


def kept(state, name, like):
    """Return what the state has under a name; at first zeros of the shape of the tensor `like`."""
    if name not in state:
        state[name] = torch.zeros_like(like)
    return state[name]


def averaged(state, name, value, beta):
    """Return the exponential average of `value` with weight `1 - beta` for the newest, kept in the state from 0 on."""
    return kept(state, name, value).lerp_(value, 1 - beta)


def adam_direction(gradient, state, group):
    """Return m^ / (sqrt(v^) + eps) with the group's "betas" and "eps"; the averages are updated first."""
    beta1, beta2 = group["betas"]
    mean = averaged(state, "mean", gradient, beta1)
    square = kept(state, "square", gradient).mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    size = square.sqrt().div_(math.sqrt(1 - beta2 ** state["step"])).add_(group["eps"])
    return torch.div(mean, size, out=size).div_(1 - beta1 ** state["step"])


def decay(p, group):
    """Multiply a parameter by 1 - lr weight_decay."""
    if group["weight_decay"]:
        p.mul_(1 - group["lr"] * group["weight_decay"])

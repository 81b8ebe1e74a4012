"""Sharpness-aware minimisation: two gradients per step."""

from contextlib import contextmanager

from harness import LogUniform
from submissions.procedures._annealed_adamw import DEFAULTS, SPACE, AnnealedAdamW, annealing


class Sam(AnnealedAdamW):
    """Sharpness-aware minimisation over AdamW: the gradient is computed at w + rho g / |g|, the step is taken from w.

    BatchNorm statistics are updated in the first pass only. Every step is charged twice, so half as many steps fit
    into a budget. `clip` clips the second gradient. The paper searches rho in 0.01 to 0.5.
    """

    paper = "arXiv:2010.01412"
    defaults = {**DEFAULTS, "rho": 0.05}
    space = {**SPACE, "rho": LogUniform(0.01, 0.5)}
    cost = "a second gradient per step"

    def update(self, batch):
        """Move by rho along the gradient, compute the gradient there, move back, and take a step."""
        import torch

        self._set_rate(annealing(self.task))
        weights = [p for p in self.task.model.parameters() if p.requires_grad]
        self._optimizer.zero_grad()
        self.task.loss(batch).backward()
        with torch.no_grad():
            here = [p.clone() for p in weights]
            moved = [p for p in weights if p.grad is not None]
            gradients = [p.grad for p in moved]
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
            torch._foreach_add_(moved, torch._foreach_mul(gradients, self.hyperparameters.rho / (norm + 1e-12)))
        self._optimizer.zero_grad()
        with _frozen_statistics(self.task.model):
            self.task.loss(batch).backward()
        with torch.no_grad():
            torch._foreach_copy_(weights, here)
        self._optimizer.step()


@contextmanager
def _frozen_statistics(model):
    """Leave BatchNorm's running statistics unchanged; batches are still normalised by their own statistics."""
    from torch.nn.modules.batchnorm import _BatchNorm

    layers = {layer: layer.momentum for layer in model.modules() if isinstance(layer, _BatchNorm)}
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in layers.items():
            layer.momentum = momentum

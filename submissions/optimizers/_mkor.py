"""The optimizer class behind the recipe `mkor`."""

import torch
from torch import nn
from torch.nn import functional as F

from submissions.optimizers._factors import LARGEST
from submissions.optimizers._hooks import Hook
from submissions.optimizers._lamb import Lamb

BOUND = 100.0
"""Largest magnitude of an entry of a mean input or output gradient."""


class Mkor(Lamb):
    """LAMB of gradients between learnt inverse factors; the recipe `mkor` has the formula.

    Args:
        model: whose linear layers and convolutions are watched; every "refresh" steps a forward and a backward pass leave
            their mean inputs and output gradients here.
        groups: parameter groups.
        refresh: steps between updates of the factors.
        factor_beta: share of a factor that its update keeps; the rest is the identity.
        options: LAMB's.
    """

    def __init__(self, model, groups, *, refresh, factor_beta, **options):
        super().__init__(groups, **options)
        self._refresh, self._beta = refresh, factor_beta
        self._inputs, self._gradients, self._found = {}, {}, {}
        layers = {layer.weight: layer for layer in model.modules() if _is_factored(layer)}  # of a shared weight the last
        self._layers = list(layers.values())
        for layer in self._layers:
            layer.register_forward_hook(Hook(self._watch))

    def prepare(self):
        """Update the factors from what was watched, and multiply the gradients by them."""
        self._found = {p: g for layer in self._layers for p, g in self._preconditioned(layer)}
        self._inputs, self._gradients = {}, {}

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        super().update(p, self._found.pop(p, gradient), state, group)

    def _watch(self, layer, inputs, output):
        step = self.state[layer.weight].get("step", 0) if layer.weight in self.state else 0
        if not step or step % self._refresh or not (inputs and layer.training and output.requires_grad):
            return
        self._inputs.setdefault(layer, []).append(_mean_input(layer, inputs[0].detach()))
        gradients = self._gradients.setdefault(layer, [])
        output.register_hook(lambda gradient: gradients.append(_output_gradient(layer, gradient)))

    def _preconditioned(self, layer):
        """Return (parameter, gradient between the factors at its former norm) of a layer, after its factors are updated."""
        parts = _parts(layer)
        if any(p.grad is None for p in parts):
            return []
        gradients = [p.grad.reshape(len(p), -1) for p in parts]
        whole, state = torch.cat(gradients, 1), self.state[layer.weight]
        if "left" not in state:
            state["left"], state["right"] = (torch.eye(size, dtype=whole.dtype, device=whole.device) for size in whole.shape)
        if self._gradients.get(layer):
            state["left"] = self._updated(state["left"], torch.stack(self._gradients[layer]).sum(0))
            state["right"] = self._updated(state["right"], torch.stack(self._inputs[layer]).mean(0))
        found = (state["left"] @ whole @ state["right"]).split([g.shape[1] for g in gradients], 1)
        length = sum(map(torch.linalg.vector_norm, found)).clamp_min(torch.finfo(whole.dtype).tiny)
        ratio = sum(map(torch.linalg.vector_norm, gradients)) / length
        return [(p, (part * ratio).reshape(p.shape)) for p, part in zip(parts, found, strict=True)]

    def _updated(self, factor, vector):
        """Return an inverse factor, moved towards the identity, after v v^T is added to what it inverts."""
        vector = vector.to(factor).clamp(-BOUND, BOUND)
        factor = factor * self._beta
        factor.diagonal().add_(1 - self._beta)
        ahead = factor @ vector
        return factor.addr_(ahead, ahead / (1 + vector @ ahead), alpha=-1)


def _parts(layer):
    """Return the parameters of a layer that are preconditioned: its weight and, if it has one that is trained, its bias."""
    return [layer.weight, *([layer.bias] if layer.bias is not None and layer.bias.requires_grad else [])]


def _is_factored(layer):
    """Return whether a layer has factors: trained, linear or a plain convolution, with sides of at most `LARGEST`."""
    plain = isinstance(layer, nn.Linear) or (
        isinstance(layer, nn.Conv2d) and layer.groups == 1 and not isinstance(layer.padding, str)
    )
    return plain and layer.weight.requires_grad and max(len(layer.weight), layer.weight[0].numel() + 1) <= LARGEST


def _mean_input(layer, x):
    """Return the mean input of a layer over examples and positions, and a 1 for a trained bias."""
    if isinstance(layer, nn.Conv2d):
        patches = F.unfold(x.mean(0, keepdim=True), layer.kernel_size, layer.dilation, layer.padding, layer.stride)
        mean = patches[0].mean(1)
    else:
        mean = x.reshape(-1, x.shape[-1]).mean(0)
    return torch.cat([mean, mean.new_ones(len(_parts(layer)) - 1)])


def _output_gradient(layer, gradient):
    """Return the output gradient of a layer, summed over examples (of a mean loss), its mean over a convolution's positions."""
    return gradient.mean((2, 3)).sum(0) if isinstance(layer, nn.Conv2d) else gradient.reshape(-1, gradient.shape[-1]).sum(0)

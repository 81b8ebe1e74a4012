"""The optimizer class behind the recipe `nap`."""

import torch
from torch import nn

from submissions.optimizers._hooks import Hook
from submissions.optimizers._rule import Rule, adam_direction, decay

LINEAR = (nn.Linear, nn.modules.conv._ConvNd)
NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)


class NaP(Rule):
    """AdamW that keeps the norm of weights which a norm layer follows; the recipe `nap` has the rule.

    Args:
        model: its first forward and backward pass shows which weights these are: the output of their layer, or a view of it, is
            the input of one norm layer, and the whole gradient of that output comes from there.
        groups: parameter groups.
        options: AdamW's.
    """

    def __init__(self, model, groups, **options):
        super().__init__(groups, **options)
        self._outputs, self._whole, self._parts = {}, {}, {}
        layers = [layer for layer in model.modules() if isinstance(layer, LINEAR)]
        norms = [layer for layer in model.modules() if isinstance(layer, NORMS)]
        self._handles = [layer.register_forward_hook(Hook(self._watch)) for layer in layers]
        self._handles += [norm.register_forward_pre_hook(Hook(self._match)) for norm in norms]

    def prepare(self):
        """End the search before the first step."""
        if not self.state:
            self._end_search(self._followed())

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        decay(p, group)
        p.sub_(adam_direction(gradient, state, group), alpha=group["lr"])
        if "radius" in state:
            p.mul_(state["radius"] / torch.linalg.vector_norm(p).clamp_min(torch.finfo(p.dtype).tiny))

    def load_state_dict(self, state_dict):
        """Restore a state that `state_dict` returned: after the first step it has the norms, and the search is over."""
        super().load_state_dict(state_dict)
        if self.state:
            self._end_search([])

    def _watch(self, layer, inputs, output):
        if not output.requires_grad:
            return
        key = output.untyped_storage().data_ptr()  # a view has the storage; an operation in place makes another version
        self._outputs[key] = (layer.weight, output, output._version)
        whole = self._whole.setdefault(layer.weight, [])
        output.register_hook(lambda gradient: whole.append(torch.linalg.vector_norm(gradient)))

    def _match(self, norm, inputs):
        if not inputs:  # the input is a keyword argument
            return None
        weight, output, version = self._outputs.get(inputs[0].untyped_storage().data_ptr(), (None, None, None))
        if weight is None or inputs[0]._version != version or inputs[0].numel() != output.numel():
            return None
        alias = inputs[0].view_as(inputs[0])
        parts = self._parts.setdefault(weight, [])
        alias.register_hook(lambda gradient: parts.append(torch.linalg.vector_norm(gradient)))
        return (alias, *inputs[1:])

    def _followed(self):
        """Return the weights whose output's gradient is that of one norm layer's input."""
        once = [p for p, parts in self._parts.items() if len(parts) == len(self._whole[p]) == 1 and p.grad is not None]
        return [p for p in once if torch.isclose(self._parts[p][0], self._whole[p][0], rtol=1e-5, atol=0.0)]

    def _end_search(self, followed):
        for p in followed:
            self.state[p]["radius"] = torch.linalg.vector_norm(p.detach())
        for handle in self._handles:
            handle.remove()
        self._outputs, self._whole, self._parts, self._handles = {}, {}, {}, []

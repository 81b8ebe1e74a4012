"""Derivatives beyond one backward pass: how good the last step was, and fallbacks where torch has no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

_MISSING = ("vmap", "is not implemented", "batching rule", "not implemented for", "functorch")
"""Words of the errors by which torch says that it has no rule for an operation."""

SHIFT = 5e-3
"""Length of the shift of a central difference, relative to 1 + the norm of the weights: about the cube root of
float32's rounding error, where rounding and curvature contribute equal errors."""


def is_missing_rule(error: RuntimeError) -> bool:
    """Return whether an error says that torch has no vectorised or no second derivative of an operation."""
    return not isinstance(error, torch.OutOfMemoryError) and any(word in str(error) for word in _MISSING)


class Descent:
    """Measures whether the step before should have been longer. It keeps two copies of the weights from its first use on."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._previous: list[Tensor] = []
        self._last_step: list[Tensor] = []

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Return `descent` and `descent_cosine` of the step that just ended (see `Feedback`); nothing before the third call.

        The gradients in `.grad` were taken at the weights where the step before ended; the weights have changed since.
        """
        weights = [p for p in self._model.parameters() if p.requires_grad]
        measured = self._compare([p.grad for p in weights]) if self._last_step else {}
        now = [p.detach().clone() for p in weights]
        if self._previous:
            self._last_step = [old - new for old, new in zip(self._previous, now, strict=True)]
        self._previous = now
        return measured

    def _compare(self, gradients: Sequence[Tensor | None]) -> dict[str, float]:
        pairs = [(g, step) for g, step in zip(gradients, self._last_step, strict=True) if g is not None]
        if not pairs:
            return {"descent": 0.0, "descent_cosine": 0.0}
        product = float(torch.stack([(g * step).sum() for g, step in pairs]).sum())
        lengths = (_norm([g for g, _ in pairs]), _norm(self._last_step))
        return {"descent": product, "descent_cosine": product / lengths[0] / lengths[1] if all(lengths) else 0.0}


def gradients_one_by_one(
    loss: Callable[..., Tensor], weights: Mapping[str, Tensor], examples: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the gradient of `loss(weights, example)` for each example, {name: [n, *shape]}."""
    leaves = {name: value.detach().requires_grad_() for name, value in weights.items()}
    rows: list[tuple[Tensor, ...]] = []
    with torch.enable_grad():
        for index in range(len(next(iter(examples.values())))):
            one = loss(leaves, {name: values[index] for name, values in examples.items()})
            rows.append(torch.autograd.grad(one, list(leaves.values()), materialize_grads=True))
    return {name: torch.stack(column) for name, column in zip(leaves, zip(*rows, strict=True), strict=True)}


def difference_product(
    gradient: Callable[[], Sequence[Tensor]], weights: Sequence[nn.Parameter], vectors: Sequence[Tensor]
) -> list[Tensor]:
    """Return the Hessian times `vectors` as (g(w + h v) - g(w - h v)) / 2h, and restore the weights exactly."""
    length = _norm(vectors)
    if not length:
        return [torch.zeros_like(v) for v in vectors]
    shift = SHIFT * (1 + _norm(weights)) / length
    originals = [p.detach().clone() for p in weights]
    ends = []
    try:
        for sign in (1, -1):
            with torch.no_grad():
                for p, original, v in zip(weights, originals, vectors, strict=True):
                    p.copy_(original + sign * shift * v)
            ends.append(gradient())
    finally:
        with torch.no_grad():
            for p, original in zip(weights, originals, strict=True):
                p.copy_(original)
    return [(ahead - behind) / (2 * shift) for ahead, behind in zip(*ends, strict=True)]


def twice_differentiable_attention() -> Any:
    """Return a context in which attention is computed by operations that have second derivatives."""
    return sdpa_kernel(SDPBackend.MATH)


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Freeze normalisation statistics and dropout; recurrent layers stay in training mode, or cuDNN would not differentiate."""
    modes = [(module, module.training) for module in model.modules()]
    recurrent = [(module, module.dropout) for module in model.modules() if isinstance(module, nn.RNNBase)]
    model.eval()
    for layer, _ in recurrent:
        layer.training, layer.dropout = True, 0.0
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for layer, dropout in recurrent:
            layer.dropout = dropout


def _norm(tensors: Sequence[Tensor]) -> float:
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm([t.detach() for t in tensors]))))

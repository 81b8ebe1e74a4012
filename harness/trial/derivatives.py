"""What a trial measures of gradients beside the loss: a step looked back on, and derivatives where torch has no rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

_MISSING = ("vmap", "is not implemented", "batching rule", "not implemented for", "functorch")
"""Words of the errors by which torch says that it has no rule for an operation."""

SHIFT = 5e-3
"""Length of the shift of a central difference, as a share of (1 + the norm of the weights): about the cube root of
float32's rounding, where rounding and curvature err alike."""


def is_missing_rule(error: RuntimeError) -> bool:
    """Return whether torch says that an operation has no vectorised or no second derivative (memory is another matter)."""
    return not isinstance(error, torch.OutOfMemoryError) and any(word in str(error) for word in _MISSING)


class Descent:
    """Looks back on the step before: would more of it have helped? Keeps two copies of the weights once it is asked."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._here: list[Tensor] = []
        self._taken: list[Tensor] = []

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Return `descent` and `descent_cosine` of the step that just ended; nothing before the third call.

        The gradients in `.grad` were taken where the step before ended; the weights have moved on since.
        """
        weights = [p for p in self._model.parameters() if p.requires_grad]
        found = self._compare([p.grad for p in weights]) if self._taken else {}
        now = [p.detach().clone() for p in weights]
        if self._here:
            self._taken = [old - new for old, new in zip(self._here, now, strict=True)]
        self._here = now
        return found

    def _compare(self, gradients: Sequence[Tensor | None]) -> dict[str, float]:
        pairs = [(g, taken) for g, taken in zip(gradients, self._taken, strict=True) if g is not None]
        if not pairs:
            return {"descent": 0.0, "descent_cosine": 0.0}
        product = float(torch.stack([(g * taken).sum() for g, taken in pairs]).sum())
        lengths = (_norm([g for g, _ in pairs]), _norm(self._taken))
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
    """Return the Hessian times `vectors` as (g(w + h v) - g(w - h v)) / 2h, and leave the weights to the bit."""
    length = _norm(vectors)
    if not length:
        return [torch.zeros_like(v) for v in vectors]
    shift = SHIFT * (1 + _norm(weights)) / length
    kept = [p.detach().clone() for p in weights]
    ends = []
    try:
        for sign in (1, -1):
            with torch.no_grad():
                for p, old, v in zip(weights, kept, vectors, strict=True):
                    p.copy_(old + sign * shift * v)
            ends.append(gradient())
    finally:
        with torch.no_grad():
            for p, old in zip(weights, kept, strict=True):
                p.copy_(old)
    return [(ahead - behind) / (2 * shift) for ahead, behind in zip(*ends, strict=True)]


def _norm(tensors: Sequence[Tensor]) -> float:
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm([t.detach() for t in tensors]))))

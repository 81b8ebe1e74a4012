"""The kinds of parameters of a model, and the parameter groups that optimizers make of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def decay_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return two parameter groups: tensors of two or more dimensions with `weight_decay`, biases and norm scales without.

    Every recipe uses this split, so that submissions differ only where their authors intend it.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def hidden_groups(
    model: torch.nn.Module, weight_decay: float, *, hidden: Mapping[str, Any], others: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return up to three groups: hidden matrices, embeddings and the output layer, and biases and norm scales.

    Args:
        model: whose parameters they hold.
        weight_decay: of the first two; the third has none, as in `decay_groups`.
        hidden: what else the first group has.
        others: what else the other groups have.
    """
    first, matrices, vectors = split_parameters(model)
    groups = [
        {"params": first, "weight_decay": weight_decay, **hidden},
        {"params": matrices, "weight_decay": weight_decay, **others},
        {"params": vectors, "weight_decay": 0.0, **others},
    ]
    return [group for group in groups if group["params"]]


def split_parameters(model: torch.nn.Module) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the trained parameters as (hidden matrices, embeddings and output layer, biases and norm scales).

    Hidden matrices are all parameters of two or more dimensions except embeddings and the last one that is none, which is
    taken as the output layer.
    """
    from torch import nn

    trained = [p for p in model.parameters() if p.requires_grad]
    outer = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding | nn.EmbeddingBag)}
    inner = [p for p in trained if p.ndim >= 2 and id(p) not in outer]
    outer |= {id(p) for p in inner[-1:]}
    hidden = [p for p in inner if id(p) not in outer]
    matrices = [p for p in trained if p.ndim >= 2 and id(p) in outer]
    return hidden, matrices, [p for p in trained if p.ndim < 2]

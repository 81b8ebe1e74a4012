"""Parameter groups for the optimizers of libraries that are something else without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.contracts.parameters import hidden_groups
from harness.contracts.spaces import Hyperparameters

Groups = list[dict[str, Any]]


def low_rank_groups(model: Any, h: Hyperparameters) -> Groups:
    """Return a group for each rank of the matrices, and one for all other parameters, which are trained as by Adam.

    The rank of a matrix is `rank_share` of its smaller side, at least 1: GaLore's own experiments use a quarter of the
    hidden width (arXiv:2403.03507, 128 of 512).
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    by_rank: dict[int, list[Any]] = {}
    for p in trained:
        if p.ndim == 2:
            by_rank.setdefault(max(1, round(h.rank_share * min(p.shape))), []).append(p)
    projection = {"update_proj_gap": h.update_proj_gap, "scale": h.scale, "projection_type": "std"}
    groups = [{"params": some, "rank": rank, **projection} for rank, some in sorted(by_rank.items())]
    rest = [p for p in trained if p.ndim != 2]
    groups = [{**group, "weight_decay": h.get("weight_decay", 0.0)} for group in groups]
    return [*groups, *([{"params": rest, "weight_decay": 0.0}] if rest else [])]


def muon_groups(model: Any, h: Hyperparameters) -> Groups:
    """Return the hidden matrices, and for AdamW with a rate of its own the embeddings, the last matrix and the vectors.

    A schedule multiplies both rates.
    """
    return hidden_groups(
        model,
        h.get("weight_decay", 0.0),
        hidden={"use_muon": True, "lr": h.learning_rate},
        others={"use_muon": False, "lr": h.adamw_learning_rate},
    )


GROUPS: Mapping[str, tuple[Callable[[Any, Hyperparameters], Groups], Mapping[str, float]]] = {
    "low rank": (low_rank_groups, {"rank_share": 0.25, "update_proj_gap": 200, "scale": 0.25}),
    "muon": (muon_groups, {"adamw_learning_rate": 3e-4}),
}
"""{name in the table: (groups of a model, {hyperparameter that they add: default})}."""

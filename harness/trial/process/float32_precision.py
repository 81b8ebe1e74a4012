"""How exactly torch computes products of float32 numbers: as a facet, and as the harness sets it on an accelerator.

Torch has two interfaces to the same state, an older one (`set_float32_matmul_precision`, `allow_tf32`) and a newer one
(`fp32_precision` per backend and operator), and reading the older one raises an error after the newer one was used.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from harness.trial.process.facets import Facet

PLACES = (
    ("generic", "all"),
    *((backend, operator) for backend in ("cuda", "mkldnn") for operator in ("all", "matmul", "conv", "rnn")),
)
"""(backend, operator) of `fp32_precision`, each after the one that it falls back to."""

EXACT, INHERITED = "ieee", "none"


class Precision(NamedTuple):
    """The state: `matmul` and `cudnn` by the older interface, None where it cannot be read; `places` by the newer one."""

    matmul: str | None
    cudnn: bool | None
    places: tuple[str, ...]


def precision() -> Precision:
    """Return the present state."""
    return Precision(_matmul(), _cudnn(), tuple(torch._C._get_fp32_precision_getter(*place) for place in PLACES))


def set_precision(value: Precision) -> None:
    """Restore a state that `precision` returned."""
    for place in PLACES:  # or else the older interface refuses to be read and written
        torch._C._set_fp32_precision_setter(*place, INHERITED)
    if value.matmul is not None and _matmul() != value.matmul:
        torch.set_float32_matmul_precision(value.matmul)
    if value.cudnn is not None:
        torch._C._set_cudnn_allow_tf32(value.cudnn)
    for place, wanted in zip(PLACES, value.places, strict=True):
        if torch._C._get_fp32_precision_getter(*place) != wanted:
            torch._C._set_fp32_precision_setter(*place, wanted)


def compute_exactly() -> None:
    """Have products of float32 numbers computed in float32 on every backend, by both interfaces: no TF32, no bfloat16."""
    torch.set_float32_matmul_precision("highest")
    torch._C._set_cudnn_allow_tf32(False)
    for place in PLACES:
        torch._C._set_fp32_precision_setter(*place, EXACT)


def _matmul() -> str | None:
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return None


def _cudnn() -> bool | None:
    try:
        return bool(torch._C._get_cudnn_allow_tf32())
    except RuntimeError:
        return None


FLOAT32_PRECISION = Facet("the precision of float32 products", precision, set_precision)

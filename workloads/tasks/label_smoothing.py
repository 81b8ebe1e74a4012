"""Label smoothing of losses that torch does not smooth itself (Szegedy et al. 2016, arXiv:1512.00567, section 7)."""

from __future__ import annotations

from typing import Any

from harness import ContractError


def smoothed_binary(labels: Any, label_smoothing: float) -> Any:
    """Return labels y in {0, 1} moved towards 1/2: (1 - s) y + s / 2 with s the smoothing, [n]; `labels` itself at s = 0.

    AlgoPerf smooths binary labels in the same way.

    Raises:
        ContractError: the smoothing lies outside [0, 1].
    """
    if not label_smoothing:
        return labels
    if not 0 < label_smoothing <= 1:
        raise ContractError(f"label_smoothing must lie in [0, 1], not {label_smoothing}")
    return (1 - label_smoothing) * labels + label_smoothing / 2


def refuse_label_smoothing(label_smoothing: float, loss: str) -> None:
    """Do nothing where the smoothing is 0: called by workloads whose loss has no class label per output.

    Raises:
        ContractError: the smoothing is not 0; the message names the loss.
    """
    if label_smoothing:
        raise ContractError(f"label_smoothing must be 0 here, not {label_smoothing}: {loss} has no class label per output")

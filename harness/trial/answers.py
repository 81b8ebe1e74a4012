"""What a training algorithm answers when it is asked, checked before it is believed."""

from __future__ import annotations

from numbers import Real

from torch import Tensor

from harness.contracts import ContractError, TrainingAlgorithm


def learning_rate(algorithm: TrainingAlgorithm) -> float | None:
    """Return the learning rate of the last step; None where there is no such thing.

    Raises:
        ContractError: it is no number, or one too large for a float.
    """
    rate = algorithm.learning_rate()
    if isinstance(rate, Tensor) and rate.numel() == 1:  # torch's optimizers may hold their rate as a tensor
        rate = rate.item()
    if rate is None:
        return None
    if not isinstance(rate, Real):
        raise ContractError(f"learning_rate() returned {type(rate).__name__}: a number, or None, is expected")
    try:
        return float(rate)
    except OverflowError:
        raise ContractError("learning_rate() returned a number too large for a float") from None


def refreshes_batchnorm(algorithm: TrainingAlgorithm) -> bool:
    """Return what is asked of BatchNorm statistics at every evaluation: read once, before the clock runs."""
    wanted = algorithm.refresh_batchnorm
    if not isinstance(wanted, bool):
        raise ContractError(f"refresh_batchnorm must be True or False, not {type(wanted).__name__}")
    return wanted

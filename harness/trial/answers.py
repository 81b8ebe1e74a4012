"""What a training algorithm returns about itself, checked before it is used."""

from __future__ import annotations

from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import ContractError
from harness.contracts.numbers import number


def learning_rate(algorithm: TrainingAlgorithm) -> float | None:
    """Return the learning rate of the last step; None where the algorithm has none.

    Raises:
        ContractError: it is not a number, or it is too large for a float.
    """
    rate = algorithm.learning_rate()
    if rate is None:
        return None
    try:
        return number(rate)
    except TypeError:
        raise ContractError(f"learning_rate() returned {type(rate).__name__}: a number, or None, is expected") from None
    except OverflowError:
        raise ContractError("learning_rate() returned a number too large for a float") from None


def refreshes_batchnorm(algorithm: TrainingAlgorithm) -> bool:
    """Return whether BatchNorm statistics are to be recomputed before every evaluation; read once, before any clock runs.

    Raises:
        ContractError: `refresh_batchnorm` is neither True nor False.
    """
    refresh = algorithm.refresh_batchnorm
    if not isinstance(refresh, bool):
        raise ContractError(f"refresh_batchnorm must be True or False, not {type(refresh).__name__}")
    return refresh

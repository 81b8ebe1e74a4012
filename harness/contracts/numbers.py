"""The numbers that plug-ins return, whatever their type: Python's, NumPy's, torch's, fractions and decimals."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any


def number(value: Any) -> float:
    """Return `value` as a float.

    Real numbers of every type are taken, True and False as 1 and 0, and so are arrays and tensors of one element. A string
    of digits is none.

    Raises:
        TypeError: it is not one real number.
        OverflowError: it is too large for a float.
    """
    if isinstance(value, float):
        return float.__float__(value)  # a subclass may define `__float__` as it likes
    if isinstance(value, int):
        return int.__float__(value)
    try:
        real = value if isinstance(value, Real | Decimal) else value.item()
        if not isinstance(real, Real | Decimal):
            raise TypeError(type(value).__name__)
        return float(real)
    except OverflowError:
        raise
    except Exception as error:  # a plug-in's own type may raise anything
        raise TypeError(type(value).__name__) from error


def whole(count: float) -> float:
    """Return a count of steps as an int where it is a whole number, so that a plug-in can use it as an index."""
    return int(count) if isinstance(count, float) and count.is_integer() else count

"""The text of hyperparameters that users set after a submission's name, ``key=value,key=value``, and its canonical form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from harness.contracts.errors import BadInput
from harness.contracts.spaces import HYPERPARAMETER

NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")

WORDS = {"true": True, "false": False, "none": None}
"""Words that are values, in any case of letters; the canonical form is the lower one."""

_COMMA = re.compile(r",(?![^\[]*\])")
"""A comma that is not within brackets."""

_INTEGER = re.compile(r"[-+]?[0-9]{1,16}")
_SHOWN_IN_FULL = 1e16
"""Whole numbers below this one, of at most 16 digits, are written without an exponent."""


def read_settings(name: str, text: str) -> dict[str, str]:
    """Return {hyperparameter: canonical text of its value} of ``key=value,key=value``, sorted by hyperparameter.

    Args:
        name: all that the user typed, for messages.
        text: what follows the ':'. Commas within brackets, as in ``budgets=[0.5,1]``, do not separate.

    Raises:
        BadInput: an item has no '=' or no value, or a hyperparameter is set twice.
    """
    settings: dict[str, str] = {}
    for item in _COMMA.split(text):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not HYPERPARAMETER.fullmatch(key):
            raise BadInput(f"'{name}': expected key=value, not '{_one_line(item)}': write NAME:key=value,key=value")
        if not value:
            raise BadInput(f"'{name}': '{key}' has no value: write {key}=VALUE")
        if key in settings:
            raise BadInput(f"'{name}' sets '{key}' twice: leave one out")
        settings[key] = canonical_value(value)
    return dict(sorted(settings.items()))


def with_settings(name: str, settings: Mapping[str, str]) -> str:
    """Return ``NAME:key=value,...`` of a name and its settings, or the name alone if there are none.

    >>> with_settings("polynomial", {"floor": "0.1", "power": "2"}), with_settings("rex", {})
    ('polynomial:floor=0.1,power=2', 'rex')
    """
    return f"{name}:{','.join(f'{key}={value}' for key, value in settings.items())}" if settings else name


def canonical_value(text: str) -> str:
    """Return the one text of all that mean the same value; the canonical form of that text is the text itself.

    >>> [canonical_value(text) for text in ("2.0", "+2", "0.00001", "1E-05", "True", "[0.50, 1.]", "triangular")]
    ['2', '2', '1e-5', '1e-5', 'true', '[0.5,1]', 'triangular']
    """
    text = _one_line(text)
    if text.startswith("[") and text.endswith("]"):
        return f"[{','.join(canonical_value(item) for item in text[1:-1].split(','))}]"
    if text.lower() in WORDS:
        return text.lower()
    return _canonical_number(text) if NUMBER.fullmatch(text) else text


def _canonical_number(text: str) -> str:
    if _INTEGER.fullmatch(text):
        return str(int(text))
    value = float(text)
    if not math.isfinite(value):
        return text.lstrip("+")
    if value.is_integer() and abs(value) < _SHOWN_IN_FULL:
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def _one_line(text: str) -> str:
    return " ".join(text.split())

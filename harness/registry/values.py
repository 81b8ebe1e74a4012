"""The values that texts mean: each is checked against the declared default and the range of its hyperparameter."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from typing import Any

from harness.contracts.errors import BadInput, did_you_mean
from harness.contracts.spaces import MAX_INTEGER, Choice, Range
from harness.registry.settings import NUMBER, WORDS, canonical_value

_PLAIN = re.compile(r"[A-Za-z0-9_.%/@~-]+")
"""Strings that may be set where no options are listed; others would not survive in a name."""

_EXPECTED = {"number": "a number", "boolean": "true or false", "string": "a string", "none": "none"}


def value_of(name: str, key: str, text: str, default: Any, item: Range | None) -> Any:
    """Return the value of a hyperparameter.

    A number may lie outside the search range, as `harness.contracts.spaces.check_choices` says; a string must be one of the
    listed options where there are any. A default of None without options takes any value.

    Args:
        name: of the submission, for messages.
        key: the hyperparameter.
        text: in the canonical form of `harness.registry.settings.canonical_value`.
        default: the declared default. A list or a tuple takes ``[a,b,...]``, its items of the types of the default's.
        item: the declared range; None if there is none.

    Raises:
        BadInput: the text is no value of that type, or not a listed option.
    """
    where = f"'{name}': {key}"
    options = item.options if isinstance(item, Choice) else ()
    if isinstance(default, list | tuple):
        if not (text.startswith("[") and text.endswith("]")):
            raise BadInput(f"{where} must be a list, as in {key}=[{','.join(map(_text, default))}], not '{text}'")
        return [_scalar(f"{where}: each item", part, default or (None,), ()) for part in text[1:-1].split(",") if part]
    if isinstance(default, dict):
        raise BadInput(f"{where} is a mapping, which cannot be set after a name")
    return _scalar(where, text, (default, *options), options)


def _scalar(where: str, text: str, known: Sequence[Any], options: Sequence[Any]) -> Any:
    """Return the value of a text that must be of the type of one of the `known` values."""
    kinds = {_kind(value) for value in known}
    if kinds == {"none"}:
        kinds = set(_EXPECTED)
    if text in WORDS and _kind(WORDS[text]) in kinds:
        return WORDS[text]
    if NUMBER.fullmatch(text) and "number" in kinds:
        return _number(where, text, known, whole=bool(options) and not _has_float(options))
    if "string" not in kinds:
        raise BadInput(f"{where} must be {_any_of(kinds)}, not '{text}'")
    return _string(where, text, [option for option in options if isinstance(option, str)])


def _number(where: str, text: str, known: Sequence[Any], *, whole: bool) -> int | float:
    """Return a number: a float if a known value is one, else an int where it is whole."""
    value = float(text)
    if not math.isfinite(value):
        raise BadInput(f"{where} must be a finite number, not '{text}'")
    if _has_float(known):
        return value + 0.0  # not -0.0
    if not value.is_integer():
        if whole:
            raise BadInput(f"{where} must be a whole number, not '{text}'")
        return value
    exact = int(text) if text.lstrip("-").isdigit() else int(value)
    if abs(exact) >= MAX_INTEGER:
        raise BadInput(f"{where} must be smaller than 2^63 in magnitude, not '{text}'")
    return exact


def _string(where: str, text: str, options: Sequence[str]) -> str:
    """Return a string: one of the options if there are any."""
    for option in options:
        if canonical_value(option) == text:
            return option
    if options:
        raise BadInput(f"{where} cannot be '{text}'{did_you_mean(text, options)}")
    if not _PLAIN.fullmatch(text):
        raise BadInput(f"{where} cannot be '{text}': use letters, digits and the characters _ . % / @ ~ -")
    return text


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"


def _has_float(values: Sequence[Any]) -> bool:
    return any(isinstance(value, float) for value in values)


def _any_of(kinds: Collection[str]) -> str:
    return " or ".join(phrase for kind, phrase in _EXPECTED.items() if kind in kinds)


def _text(value: Any) -> str:
    return canonical_value(str(value))

"""Hyperparameters, and the search spaces from which their values are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts.errors import ContractError, did_you_mean


@dataclass(frozen=True)
class Uniform:
    """The range of a real hyperparameter that is uniform on [low, high]."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """Return the value at quantile `u` in [0, 1)."""
        return self.low + u * (self.high - self.low)


@dataclass(frozen=True)
class LogUniform:
    """The range of a positive hyperparameter whose logarithm is uniform on [log low, log high].

    Raises:
        ContractError: the bounds are not 0 < low <= high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise ContractError(f"LogUniform({self.low}, {self.high}) needs 0 < low <= high")

    def at(self, u: float) -> float:
        """Return the value at quantile `u` in [0, 1)."""
        return math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))


@dataclass(frozen=True)
class Choice:
    """The range of a hyperparameter that takes one of `options`, all equally likely.

    Raises:
        ContractError: there are no options.
    """

    options: tuple[Any, ...]

    def __init__(self, *options: Any) -> None:
        if not options:
            raise ContractError("Choice() needs at least one option")
        object.__setattr__(self, "options", tuple(options))

    def at(self, u: float) -> Any:
        """Return the option at quantile `u` in [0, 1)."""
        return self.options[min(int(u * len(self.options)), len(self.options) - 1)]


Range = Uniform | LogUniform | Choice
Space = Mapping[str, Range]


class Hyperparameters(Mapping[str, Any]):
    """Read-only hyperparameters, by key or by attribute; an unknown name raises `ContractError` and names the nearest one.

    >>> h = Hyperparameters(learning_rate=0.1)
    >>> h.learning_rate, h["learning_rate"]
    (0.1, 0.1)
    """

    def __init__(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        object.__setattr__(self, "_values", {**(values or {}), **more})

    def __getitem__(self, name: str) -> Any:
        values: dict[str, Any] = object.__getattribute__(self, "_values")
        if name not in values:
            raise ContractError(f"no hyperparameter '{name}'{did_you_mean(name, values)}")
        return values[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in object.__getattribute__(self, "_values")

    def __setattr__(self, name: str, value: Any) -> None:
        raise ContractError(f"hyperparameters are read-only: '{name}' cannot be set")

    def __iter__(self) -> Iterator[str]:
        return iter(object.__getattribute__(self, "_values"))

    def __len__(self) -> int:
        return len(object.__getattribute__(self, "_values"))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.items())
        return f"Hyperparameters({inside})"


def check_known(owner: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raise `ContractError` if `given` contains a hyperparameter that is not in `known`, those that `owner` declares."""
    for name in given:
        if name not in known:
            raise ContractError(f"{owner} has no hyperparameter '{name}'{did_you_mean(name, known)}")


def check_recordable(owner: str, defaults: Mapping[str, Any], space: Space) -> None:
    """Raise `ContractError` if a default or an option of a `Choice` cannot be stored in a record.

    A record stores finite numbers, strings, booleans, None, and lists and string-keyed mappings of these.
    """
    options = {name: item.options for name, item in space.items() if isinstance(item, Choice)}
    for name, default in defaults.items():
        for value in (default, *options.get(name, ())):
            if not _is_recordable(value):
                what = f"{value}" if isinstance(value, float) else f"a {type(value).__name__} like this one"
                raise ContractError(
                    f"{owner}: hyperparameter '{name}' cannot be {what}: use a finite number, a string, True, False or None,"
                    " or a list of these"
                )


MAX_DEPTH = 8
"""How deep lists may be nested in a hyperparameter's value."""

MAX_INTEGER = 2**63
"""An integer hyperparameter is smaller than this in magnitude."""


def _is_recordable(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Return whether JSON stores a value without loss, apart from a tuple, which becomes a list."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < MAX_INTEGER
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value) and _is_recordable(list(value.values()), depth)
    if isinstance(value, list | tuple):
        return depth > 0 and all(_is_recordable(inner, depth - 1) for inner in value)
    return value is None or isinstance(value, str)


def check_choices(owner: str, given: Mapping[str, Any], space: Space) -> None:
    """Raise `ContractError` if a hyperparameter whose options are strings has a value that is not one of them.

    String values must be one of the listed choices; numbers may lie outside the search range.
    """
    for name, value in given.items():
        item = space.get(name)
        if isinstance(item, Choice) and all(isinstance(option, str) for option in item.options) and value not in item.options:
            raise ContractError(f"{owner} has no {name} '{value}'{did_you_mean(str(value), item.options)}")

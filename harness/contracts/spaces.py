"""Search spaces and the hyperparameters drawn from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts.errors import ContractError, did_you_mean


@dataclass(frozen=True)
class Uniform:
    """A real hyperparameter, uniform on [low, high]."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """Return the value at quantile `u` in [0, 1)."""
        return self.low + u * (self.high - self.low)


@dataclass(frozen=True)
class LogUniform:
    """A positive hyperparameter whose logarithm is uniform on [log low, log high]."""

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
    """A hyperparameter that takes one of `options`, each equally likely."""

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
    """Read-only hyperparameters, by key or by attribute; a name that is not there is an error that helps.

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
    """Raise `ContractError` when `given` has a hyperparameter that `owner` does not declare."""
    for name in given:
        if name not in known:
            raise ContractError(f"{owner} has no hyperparameter '{name}'{did_you_mean(name, known)}")


def check_plain(owner: str, defaults: Mapping[str, Any], space: Space) -> None:
    """Raise `ContractError` when a default or a choice is none that a record can hold: numbers, words, switches, None."""
    options = {name: item.options for name, item in space.items() if isinstance(item, Choice)}
    for name, default in defaults.items():
        for value in (default, *options.get(name, ())):
            if not _is_plain(value):
                what = f"{value}" if isinstance(value, float) else f"such a {type(value).__name__}"
                raise ContractError(
                    f"{owner}: hyperparameter '{name}' cannot be {what}: use a finite number, a word, True, False or None, or a"
                    " list of these"
                )


DEEPEST, LARGEST = 8, 2**63
"""Of a hyperparameter that a record can hold: lists within lists, and an integer's size."""


def _is_plain(value: Any, deepest: int = DEEPEST) -> bool:
    """Return whether JSON holds a value as it is; a tuple becomes a list."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < LARGEST
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value) and _is_plain(list(value.values()), deepest)
    if isinstance(value, list | tuple):
        return deepest > 0 and all(_is_plain(inner, deepest - 1) for inner in value)
    return value is None or isinstance(value, str)


def check_words(owner: str, given: Mapping[str, Any], space: Space) -> None:
    """Raise `ContractError` when a hyperparameter that is a choice of words is given another word.

    Numbers may lie outside of what is searched: a space says where to look, and only words say what there is.
    """
    for name, value in given.items():
        item = space.get(name)
        if isinstance(item, Choice) and all(isinstance(option, str) for option in item.options) and value not in item.options:
            raise ContractError(f"{owner} has no {name} '{value}'{did_you_mean(str(value), item.options)}")

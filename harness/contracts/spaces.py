"""Hyperparameters, and the search spaces from which their values are drawn."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.contracts.errors import ContractError, did_you_mean
from harness.contracts.messages import shown


@dataclass(frozen=True)
class Uniform:
    """The range of a real hyperparameter that is uniform on [low, high].

    Raises:
        ContractError: the bounds are not finite numbers with low < high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_bounds("Uniform", self.low, self.high)

    def at(self, u: float) -> float:
        """Return the value at quantile `u` in [0, 1)."""
        return self.low + u * (self.high - self.low)


@dataclass(frozen=True)
class LogUniform:
    """The range of a positive hyperparameter whose logarithm is uniform on [log low, log high].

    Raises:
        ContractError: the bounds are not finite numbers with 0 < low < high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_bounds("LogUniform", self.low, self.high)
        if not self.low > 0:
            raise ContractError(
                f"LogUniform({shown(self.low)}, {shown(self.high)}): its bounds must be above 0; write Uniform for others"
            )

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

DISTRIBUTIONS: Mapping[str, type[Range]] = {kind.__name__: kind for kind in (Uniform, LogUniform, Choice)}


def range_to_json(item: Range) -> dict[str, Any]:
    """Return a range as JSON types: the name of its distribution, and its bounds or its options.

    >>> range_to_json(Uniform(0.8, 0.98))
    {'distribution': 'Uniform', 'low': 0.8, 'high': 0.98}
    """
    return {"distribution": type(item).__name__, **asdict(item)}


def range_from_json(value: Mapping[str, Any]) -> Range:
    """Return the range that `range_to_json` wrote.

    Raises:
        KeyError, TypeError, ContractError: the value is none.
    """
    facts = dict(value)
    kind = DISTRIBUTIONS[facts.pop("distribution")]
    return Choice(*facts.pop("options"), **facts) if kind is Choice else kind(**facts)


def _check_bounds(kind: str, low: Any, high: Any) -> None:
    """Raise `ContractError` if the bounds of a range are not finite numbers with low < high."""
    ends = f"{kind}({shown(low)}, {shown(high)})"
    for bound in (low, high):
        if not _is_number(bound):
            raise ContractError(f"{ends}: its bounds must be numbers, not {shown(bound)}{_instead(bound)}")
        if not abs(bound) <= sys.float_info.max:
            raise ContractError(f"{ends}: its bounds must be finite, and below 1.8e308 in magnitude")
    if not low < high:
        hint = f"write {kind}({shown(high)}, {shown(low)})" if low > high else "state the value as the default instead"
        raise ContractError(f"{ends}: the first bound must be below the second; {hint}")
    if not float(high) - float(low) <= sys.float_info.max:
        raise ContractError(f"{ends}: the range is wider than the largest float")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _instead(value: Any) -> str:
    """Return what to write instead of a value that means a number but is none, such as "0.1" or a NumPy scalar."""
    try:
        meant = float(value) if isinstance(value, str) else value.item()
    except Exception:  # noqa: BLE001 `item` may be anything, as the value may be of any class
        return ""
    return f"; write {shown(meant)}" if _is_number(meant) or isinstance(meant, bool) else ""


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


HYPERPARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Names of hyperparameters: what can follow ``NAME:`` on the command line."""

RESERVED = "defaults"
"""No hyperparameter has this name: ``NAME:defaults=paper`` says which defaults a submission has."""


def check_defaults(owner: str, defaults: Any) -> None:
    """Check the declared defaults of a plug-in: {hyperparameter: value}.

    A record stores finite numbers, strings, booleans, None, and lists and string-keyed mappings of these.

    Raises:
        ContractError: they are no mapping, a name is no identifier or reserved, or a value cannot be stored in a record.
    """
    if not isinstance(defaults, Mapping):
        raise ContractError(f'{owner}: defaults must be a mapping, as in {{"momentum": 0.9}}, not {shown(defaults)}')
    for name, value in defaults.items():
        if not isinstance(name, str) or not HYPERPARAMETER.fullmatch(name):
            raise ContractError(f"{owner}: a hyperparameter cannot be called {shown(name)}: use letters, digits and '_'")
        if name == RESERVED:
            raise ContractError(
                f"{owner}: a hyperparameter cannot be called '{name}', since NAME:{name}=paper chooses defaults: rename it"
            )
        _check_recordable(owner, name, value)


def check_space(owner: str, space: Any, defaults: Mapping[str, Any]) -> None:
    """Check the declared search space of a plug-in against its defaults, which `check_defaults` has checked.

    Raises:
        ContractError: it is no mapping to ranges, names a hyperparameter without a default, an option cannot be stored in a
            record, or a default is not of its range's type.
    """
    if not isinstance(space, Mapping):
        raise ContractError(f'{owner}: space must be a mapping, as in {{"momentum": Uniform(0.8, 0.99)}}, not {shown(space)}')
    for name, item in space.items():
        if name not in defaults:
            raise ContractError(f"{owner} has no hyperparameter {shown(name)}{did_you_mean(str(name), defaults)}")
        if not isinstance(item, Uniform | LogUniform | Choice):
            raise ContractError(f"{owner}: the space of '{name}' is {shown(item)}: write {_range_for(item)}")
        if isinstance(item, Choice):
            for option in item.options:
                _check_recordable(owner, name, option)
        _check_default(owner, name, defaults[name], item)
    check_choices(owner, {name: defaults[name] for name in space if defaults[name] is not None}, space)


def check_points(owner: str, points: Any, defaults: Mapping[str, Any]) -> None:
    """Check the declared points of a plug-in: each has a value for every hyperparameter that has a default.

    Raises:
        ContractError: they are no sequence of mappings, or one has other names or a value that a record cannot store.
    """
    if not isinstance(points, list | tuple):
        raise ContractError(f"{owner}: points must be a tuple of mappings, not {shown(points)}")
    for number, point in enumerate(points):
        if not isinstance(point, Mapping) or set(point) != set(defaults):
            named = ", ".join(sorted(defaults))
            raise ContractError(f"{owner}: point {number} must have a value for each of {named}, and for nothing else")
        for name, value in point.items():
            _check_recordable(owner, name, value)


def _range_for(item: Any) -> str:
    """Return the range that a wrong declaration probably means, such as a pair of bounds or a list of options."""
    if isinstance(item, list | tuple) and len(item) == 2 and all(map(_is_number, item)):
        low, high = map(shown, item)
        return f"Uniform({low}, {high}), LogUniform({low}, {high}) or Choice({low}, {high})"
    if isinstance(item, list | tuple | set) and item:
        return f"Choice({', '.join(map(shown, item))})"
    return "Uniform(low, high), LogUniform(low, high) or Choice(a, b, ...)"


def _check_default(owner: str, name: str, default: Any, item: Range) -> None:
    """Check that a default is of the type of its range; None means that the plug-in itself chooses unless it is tuned."""
    if default is None or isinstance(item, Choice) or _is_number(default):
        return
    kind = type(item).__name__
    raise ContractError(
        f"{owner}: '{name}' has the default {shown(default)}, which is no number as {kind} needs{_instead(default)}"
    )


def _check_recordable(owner: str, name: str, value: Any) -> None:
    """Raise `ContractError` if a default or an option of a `Choice` cannot be stored in a record."""
    if not _is_recordable(value):
        what = f"{value}" if isinstance(value, float) else f"a {type(value).__name__} like this one"
        raise ContractError(
            f"{owner}: hyperparameter '{name}' cannot be {what}: use a finite number, a string, True, False or None,"
            f" or a list of these{_instead(value)}"
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

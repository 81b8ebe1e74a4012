"""A mapping that nobody can change: what instances of a workload in one process share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any


class Fixed(Mapping[str, Any]):
    """A read-only mapping of values such as JSON has. Lists and mappings in it are copied whenever they are read.

    Args:
        values: are copied.

    >>> recipe = Fixed({"betas": [0.9, 0.99]})
    >>> recipe["betas"].append(1.0)
    >>> recipe
    {'betas': [0.9, 0.99]}
    """

    __slots__ = ("_values",)
    _values: Mapping[str, Any]

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", MappingProxyType({name: _copied(value) for name, value in values.items()}))

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        return _copied(value) if isinstance(value, list | tuple | dict) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{name} cannot be set: what trials of a process share is read-only")

    def __repr__(self) -> str:
        return repr({**self._values})

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        """Return a dictionary, so that `dataclasses.asdict` returns what JSON can be made of."""
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Fixed, (dict(self),)


def fixed(value: Any) -> Any:
    """Return a mapping as one that nobody can change, and any other value as it is."""
    return Fixed(value) if isinstance(value, Mapping) else value


def _copied(value: Any) -> Any:
    """Return a copy of nested dictionaries, lists and tuples; whatever else lies in them stays the same object."""
    if isinstance(value, dict | Fixed):
        return {name: _copied(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_copied, value))
    return value

"""Stands in for ``absl.flags``: every flag has its default, since no command line is parsed."""

from __future__ import annotations

from typing import Any


class _Flags:
    """The values of flags, as attributes."""

    def __init__(self) -> None:
        self.framework = "pytorch"

    def __contains__(self, name: str) -> bool:
        return name in vars(self)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the flag --{name} is not defined here")


DEFINITIONS = ("string", "bool", "boolean", "integer", "float", "list", "enum")


def own_names() -> dict[str, Any]:
    """Return the names of this module that each submission has for itself: its flags, and what defines them."""
    flags = _Flags()

    def define(name: str, default: Any, *_arguments: Any, **_keywords: Any) -> None:
        setattr(flags, name, default)

    return {"FLAGS": flags, **{f"DEFINE_{kind}": define for kind in DEFINITIONS}}

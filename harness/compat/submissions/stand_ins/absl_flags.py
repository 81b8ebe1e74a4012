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


FLAGS = _Flags()


def _define(name: str, default: Any, *_arguments: Any, **_keywords: Any) -> None:
    setattr(FLAGS, name, default)


DEFINE_string = DEFINE_bool = DEFINE_boolean = DEFINE_integer = DEFINE_float = DEFINE_list = _define


def DEFINE_enum(name: str, default: Any, *_arguments: Any, **_keywords: Any) -> None:  # noqa: N802  absl's name
    """Define a flag with one of some values."""
    _define(name, default)

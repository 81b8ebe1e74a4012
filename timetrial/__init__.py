"""timetrial under its own name: ``import timetrial as tt`` has the public names of `harness`, and nothing else.

The code lives in `harness`, whose names the built-in plug-ins import; a plug-in may import them from either package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import harness

if TYPE_CHECKING:
    from harness import *  # noqa: F403  the names that a type checker reads

__version__ = harness.__version__

if not TYPE_CHECKING:  # a type checker would take a module's `__getattr__` to mean that every name exists

    def __getattr__(name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module 'timetrial' has no attribute '{name}'")
        try:
            return getattr(harness, name)
        except AttributeError:
            raise AttributeError(f"module 'timetrial' has no attribute '{name}'") from None

    def __dir__() -> list[str]:
        return dir(harness)
